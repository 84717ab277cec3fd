"""JSON as RFC 8259 has it: what Python's module forgives (NaN, lone surrogates, endless nesting) is refused.

Of duplicate names in an object the last one wins, as in JavaScript.
"""

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

from streams.errors import InvalidJSON

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_SURROGATE = re.compile(r"\\u[dD]|[\ud800-\udfff]")  # escaped or as itself; pairs are fine and are sorted out later


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJSON(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidJSON(f"the number {text:.40} is out of range")
    return number


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidJSON("a string holds a lone surrogate, which is no character") from None


def _depth(text: str) -> int:
    """How deep arrays and objects nest in a text that is JSON.

    Counted in the text: a walk through the value would hold the loop for half a second for a megabyte of ``[],``.
    """
    brackets = _NO_BRACKETS.sub("", _STRING.sub("", text))
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def decode_json(text: bytes | str, *, max_depth: int) -> Any:
    """The value of one JSON text (bytes are UTF-8).

    Raises InvalidJSON: not JSON, NaN or Infinity, an endless integer, bad UTF-8, or deeper than ``max_depth``.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"the text is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise InvalidJSON(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise InvalidJSON(f"JSON nests deeper than the limit of {max_depth}") from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise InvalidJSON(f"not JSON: {error}") from None
    if text.count("[") + text.count("{") > max_depth and (depth := _depth(text)) > max_depth:
        raise InvalidJSON(f"JSON nests {depth} deep (limit {max_depth})")
    if _SURROGATE.search(text):
        _check_text(json.dumps(value, ensure_ascii=False))
    return value


def values_in(text: bytes | str) -> int:
    """About how many values a JSON text has: they are what reading it costs, and not its size."""
    if isinstance(text, bytes):
        return text.count(b",") + text.count(b"[") + text.count(b"{")
    return text.count(",") + text.count("[") + text.count("{")


def encode_json(value: Any) -> str:
    """The shortest JSON text of ``value``: one line, no spaces, characters as they are.

    Raises InvalidJSON for what JSON cannot say: NaN, Infinity, a lone surrogate, a type of Python's own, a circle.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise InvalidJSON("JSON nests too deeply") from None
    except (TypeError, ValueError) as error:
        raise InvalidJSON(f"not expressible in JSON: {error}") from None
    _check_text(text)
    return text
