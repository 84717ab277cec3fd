"""What a person types to search, as terms; whatever it is, it means something, and is never a syntax error.

Words, all of which must be there; ``"words in this order"``; ``begin*``. Signs between words count for nothing. What
has no words (an emoji), or is of a script that writes without spaces, no index of words can find: it is looked for
letter by letter.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from html import escape

from streams.errors import InvalidInput

MAX_CHARS = 200
MAX_TERMS = 20
BEFORE, BEHIND = 60, 180  # characters of a snippet around where it fits first
LOOKED_AT = 100_000  # characters of a text in which that is looked for
_CHUNK = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one behind the other; ``prefix``: of the last one only its beginning is known."""

    typed: str
    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True)
class Query:
    """All of the terms must be there. letters: no index of words finds them."""

    terms: tuple[Term, ...]
    letters: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What to mark in a text whose letters have lost their accents."""
        return re.compile("|".join(_pattern(term, letters=self.letters) for term in self.terms), re.IGNORECASE)

    def snippet(self, text: str) -> str:
        """The text around where the query fits first, as HTML: escaped, and what fits within ``<mark>``."""
        text = text[:LOOKED_AT]
        plain = _plain(text)
        first = self.pattern.search(plain)
        start = max(0, first.start() - BEFORE) if first else 0
        if start and first:
            start = max(start, text.find(" ", start, first.start()) + 1)
        end = min(len(text), (first.end() if first else 0) + BEHIND)
        pieces, at = ["…" if start else ""], start
        for hit in self.pattern.finditer(plain, start, end):
            pieces += [escape(text[at : hit.start()]), f"<mark>{escape(text[hit.start() : hit.end()])}</mark>"]
            at = hit.end()
        pieces += [escape(text[at:end]), "…" if end < len(text) else ""]
        return " ".join("".join(pieces).split())


def _plain(text: str) -> str:
    """The text without accents, character for character."""
    return text if text.isascii() else "".join(unicodedata.normalize("NFD", one)[0] for one in text)


def _pattern(term: Term, *, letters: bool) -> str:
    if letters or not term.words:
        return re.escape(_plain(term.typed))
    words = r"[\W_]+".join(re.escape(_plain(word)) for word in term.words)
    return rf"(?<![^\W_]){words}" + (r"[^\W_]*" if term.prefix else r"(?![^\W_])")


def read_query(text: str) -> Query:
    """The terms of what was typed; raises InvalidInput with the limit and the value, and where there is nothing."""
    if len(text) > MAX_CHARS:
        raise InvalidInput(f"q has {len(text)} characters (limit {MAX_CHARS})")
    if "\0" in text:
        raise InvalidInput("q may not hold the character U+0000")
    terms = [term for phrase, chunk in _CHUNK.findall(text) if (term := _term(phrase, chunk)) is not None]
    if not terms:
        raise InvalidInput("q needs something to look for")
    if len(terms) > MAX_TERMS:
        raise InvalidInput(f"q has {len(terms)} words (limit {MAX_TERMS})")
    said = [term for term in terms if term.words] or terms  # signs beside words are no more than that
    letters = any(not term.words or _UNSPACED.search(term.typed) for term in said)
    return Query(tuple(said), letters)


def _term(phrase: str, chunk: str) -> Term | None:
    typed = (phrase or chunk).strip()
    prefix = bool(chunk) and typed.endswith("*")
    words = tuple(_WORD.findall(typed))
    typed = typed.strip('*"') if words else typed.strip('"')
    return Term(typed, words, prefix and bool(words)) if typed else None
