"""A room as a file: Markdown for people, JSON for programs; piece by piece, so that it is never held as a whole."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from streams.models import Room
from streams.wire.jsontext import encode_json

Item = Mapping[str, Any]
_FENCE = re.compile(r"`{3,}|~{3,}")


class Format(Protocol):
    """How a file begins, how it holds items, and how it ends; only with its end it is whole."""

    suffix: str
    content_type: str

    def opening(self, room: Room, position: str) -> str:
        """What comes before the items; ``position``: up to where in the log they are."""
        ...

    def items(self, items: Sequence[Item], *, first: bool) -> str:
        """Some items; ``first``: nothing came before them."""
        ...

    def closing(self, count: int) -> str:
        """What comes behind ``count`` items."""
        ...


class JsonExport:
    """One object: ``{"room", "topic", "position", "items": […], "count"}``; items as history has them."""

    suffix, content_type = "json", "application/json"

    def opening(self, room: Room, position: str) -> str:
        """What the room is."""
        told = {"slug": room.slug, "title": room.title, "description": room.description}
        return f'{{"room":{encode_json(told)},"topic":"room:{room.slug}","position":"{position}","items":['

    def items(self, items: Sequence[Item], *, first: bool) -> str:
        """One a line."""
        lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in items)
        return f"\n{lines}" if first or not items else f",\n{lines}"

    def closing(self, count: int) -> str:
        """How many they were."""
        return f'\n],"count":{count}}}\n'


class MarkdownExport:
    """Who said what, and when (UTC); of an answer the version that is shown, and how it ended if it is not whole."""

    suffix, content_type = "md", "text/markdown; charset=utf-8"

    def opening(self, room: Room, position: str) -> str:
        """A heading."""
        about = f"\n{_inline(room.description)}\n" if room.description else ""
        return f"# {_inline(room.title)}\n{about}"

    def items(self, items: Sequence[Item], *, first: bool) -> str:
        """Each below a heading of its own."""
        return "".join(_message(item) if item["kind"] == "message" else _answer(item) for item in items)

    def closing(self, count: int) -> str:
        """A line that says that this is all."""
        return f"\n---\n\n{count} messages and answers.\n"


def _message(item: Item) -> str:
    notes = ["edited"] if item["edited"] else []
    if item["reply_to"] is not None:
        notes.append(f"a reply to {item['reply_to']}")
    head = _head(item, item["author"]["name"], notes)
    if item["deleted"]:
        return f"{head}*deleted*\n"
    files = "".join(f"\n- attached: {_inline(file['name'])} ({file['size']} bytes)" for file in item["files"])
    signs = " ".join(f"{one['emoji']} {len(one['people'])}" for one in item["reactions"])
    parts = [_closed(item["text"]), files.strip(), signs]
    return head + "\n\n".join(part for part in parts if part) + "\n"


def _answer(item: Item) -> str:
    versions = len(item["answers"])
    notes = [item["model"]] + ([f"version {item['version']} of {versions}"] if versions > 1 else [])
    if item["status"] != "done":
        notes.append(item["status"])
    error = f"\n\n*{_inline(item['error']['message'])}*" if item["error"] else ""
    return f"{_head(item, item['label'], notes)}{_closed(item['text'])}{error}\n"


def _head(item: Item, name: str, notes: Sequence[str]) -> str:
    told = f" ({_inline(', '.join(notes))})" if notes else ""
    time = item["time"][:16].replace("T", " ")
    return f"\n## {item['seq']} · {_inline(name)} · {time}{told}\n\n"


def _inline(text: str) -> str:
    """A text within a line, that means nothing."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _closed(text: str) -> str:
    """A text whose headings stand below its own, and whose last block of code ends with it."""
    lines, fence = [], ""
    for line in text.splitlines():
        marked = _FENCE.match(line.lstrip())
        if marked and not fence:
            fence = marked[0]
        elif marked and marked[0].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        lines.append(f"##{line}" if not fence and re.match(r"#{1,4} ", line) else line)
    return "\n".join([*lines, fence] if fence else lines).strip()


FORMATS: Mapping[str, Format] = {"markdown": MarkdownExport(), "json": JsonExport()}
