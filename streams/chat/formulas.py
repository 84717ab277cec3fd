"""LaTeX -> MathML Core, by latex2mathml: what an answer may contain of it, and how it looks without a style sheet.

Everything is written anew from the elements and attributes that are named here. Lengths are bounded, or a formula
could be laid over the words of somebody else; letters of other alphabets become the characters that Unicode has for
them, since browsers know no ``mathvariant`` but ``normal``.
"""

import re
import unicodedata
from html import unescape
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element

MAX_FORMULA_CHARS = 2_000
MAX_LENGTH_EM = 5.0
_DEFINES = re.compile(r"\\(?:(?:re)?new|provide|DeclareMath|[gex]?def\b|let\b)(?!line)")  # macros can grow without end
_ALIGNED = re.compile(r"(\\(?:begin|end)\{)(?:aligned|gathered|split)\}")  # unknown to the converter by these names

TAGS = frozenset(
    """math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd
    mtext mtr munder munderover""".split()  # noqa: SIM905
)
_TRUTH = frozenset({"true", "false"})
VALUES: dict[str, frozenset[str]] = {
    "display": frozenset({"block", "inline"}),
    "displaystyle": _TRUTH,
    "scriptlevel": frozenset({"0", "1", "2"}),
    "stretchy": _TRUTH,
    "fence": _TRUTH,
    "separator": _TRUTH,
    "movablelimits": _TRUTH,
    "accent": _TRUTH,
    "largeop": _TRUTH,
    "form": frozenset({"prefix", "infix", "postfix"}),
    "columnalign": frozenset({"left", "right", "center"}),
    "mathvariant": frozenset({"normal"}),
    "notation": frozenset({"box", "horizontalstrike", "updiagonalstrike", "downdiagonalstrike"}),
}
LENGTHS = frozenset(["width", "height", "depth", "voffset", "lspace", "rspace", "minsize", "maxsize", "linethickness"])
_LENGTH = re.compile(r"[+-]?([0-9]*\.?[0-9]+)(em|ex|pt|px|mm|cm|in)?")
_UNITS_PER_EM = {"": 1.0, "em": 1.0, "ex": 2.0, "pt": 10.0, "px": 16.0, "mm": 4.0, "cm": 0.4, "in": 0.16}

_ALPHABETS = {
    "bold": "MATHEMATICAL BOLD",
    "italic": "MATHEMATICAL ITALIC",
    "bold-italic": "MATHEMATICAL BOLD ITALIC",
    "double-struck": "MATHEMATICAL DOUBLE-STRUCK",
    "script": "MATHEMATICAL SCRIPT",
    "fraktur": "MATHEMATICAL FRAKTUR",
    "sans-serif": "MATHEMATICAL SANS-SERIF",
    "sans-serif-italic": "MATHEMATICAL SANS-SERIF ITALIC",
    "monospace": "MATHEMATICAL MONOSPACE",
}
_OLDER = {  # letters that were there before the rest of their alphabet
    "MATHEMATICAL DOUBLE-STRUCK": "DOUBLE-STRUCK",
    "MATHEMATICAL SCRIPT": "SCRIPT",
    "MATHEMATICAL FRAKTUR": "BLACK-LETTER",
}


def formula(latex: str, *, display: bool) -> str | None:
    """``<math>…</math>``; None for what is too long, or is no LaTeX that the converter understands."""
    if len(latex) > MAX_FORMULA_CHARS or not latex.strip() or _DEFINES.search(latex):
        return None
    try:
        known = _ALIGNED.sub(r"\1align*}", latex)
        element = convert_to_element(known, display="block" if display else "inline")
        return tostring(_written_anew(element), encoding="unicode")
    except Exception:  # of a dozen kinds, RecursionError and IndexError among them
        return None


def _written_anew(element: Element) -> Element:
    """The element with what is allowed of it; raises ValueError for one that is not."""
    if element.tag not in TAGS:
        raise ValueError(element.tag)
    anew = Element(element.tag, {name: value for name, value in element.attrib.items() if _allowed(name, value)})
    anew.text = _letters(unescape(element.text or ""), element.attrib.get("mathvariant"))
    anew.extend(_written_anew(child) for child in element)
    return anew


def _allowed(name: str, value: str) -> bool:
    if name in LENGTHS:
        length = _LENGTH.fullmatch(value)
        return length is not None and float(length[1]) <= MAX_LENGTH_EM * _UNITS_PER_EM[length[2] or ""]
    return value in VALUES.get(name, ())


def _letters(text: str, variant: str | None) -> str:
    """Letters and digits in the alphabet that ``variant`` names, as far as Unicode has them."""
    alphabet = _ALPHABETS.get(variant or "")
    return "".join(_letter(one, alphabet) for one in text) if alphabet else text


def _letter(character: str, alphabet: str) -> str:
    name = unicodedata.name(character, "")
    plain = name.removeprefix("LATIN ").removeprefix("GREEK ").replace(" LETTER ", " ")
    for family in (alphabet, _OLDER.get(alphabet, alphabet)):
        try:
            return unicodedata.lookup(f"{family} {plain}")
        except KeyError:
            continue
    return character
