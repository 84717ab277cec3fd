"""JSON as RFC 8259 has it: what Python's module forgives (NaN, lone surrogates, endless nesting) is refused.

Of duplicate names in an object the last one wins, as in JavaScript.
"""

import json
from typing import Any, NoReturn

from streams.errors import InvalidJSON


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJSON(f"{name} is no JSON number")


def _depth(value: object) -> int:
    """How deep arrays and objects nest; walks without recursion."""
    deepest, todo = 0, [(value, 1)]
    while todo:
        here, depth = todo.pop()
        children = here.values() if isinstance(here, dict) else here if isinstance(here, list) else None
        if children is not None:
            deepest = max(deepest, depth)
            todo.extend((child, depth + 1) for child in children)
    return deepest


def decode_json(text: bytes | str, *, max_depth: int) -> Any:
    """The value of one JSON text (bytes are UTF-8).

    Raises InvalidJSON: not JSON, NaN or Infinity, an endless integer, bad UTF-8, or deeper than ``max_depth``.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"the text is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise InvalidJSON(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise InvalidJSON(f"JSON nests deeper than the limit of {max_depth}") from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise InvalidJSON(f"not JSON: {error}") from None
    if text.count("[") + text.count("{") > max_depth:
        depth = _depth(value)
        if depth > max_depth:
            raise InvalidJSON(f"JSON nests {depth} deep (limit {max_depth})")
    return value


def encode_json(value: Any) -> str:
    """The shortest JSON text of ``value``: one line, no spaces, characters as they are.

    Raises InvalidJSON for what JSON cannot say: NaN, Infinity, a lone surrogate, a type of Python's own, a circle.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidJSON("a string holds a lone surrogate, which is no character") from None
    except RecursionError:
        raise InvalidJSON("JSON nests too deeply") from None
    except (TypeError, ValueError) as error:
        raise InvalidJSON(f"not expressible in JSON: {error}") from None
    return text
