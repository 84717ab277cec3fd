"""What people write and send, checked: texts, ids, places in a room, emoji. A refusal names the limit and the value."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streams.conf import get_settings
from streams.errors import InvalidInput, TooLarge

MAX_CLIENT_ID_CHARS = 64
MAX_SEQ = 2**63 - 1  # what a place in a log may be
MAX_EMOJI_CHARS = 16
MAX_MARKS = 30  # on one character: no language needs as many, and text that streams may have no more (UAX 15)

_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f200-\U0001f251\U0001f300-\U0001faff]"
)
_ONE = f"{_BASE}[\U0001f3fb-\U0001f3ff]?\ufe0f?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(f"{_ONE}(?:\u200d{_ONE})*|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3")


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it came, checked as far as that goes without the database. files: names."""

    text: str
    client_id: str
    reply_to: int | None = None
    files: tuple[str, ...] = ()


def read_draft(fields: Mapping[str, Any]) -> Draft:
    """The fields of ``say``; raises InvalidInput, TooLarge."""
    files = check_files(fields.get("files"))
    text = check_text(fields.get("text", "" if files else None), may_be_empty=bool(files))
    reply_to = fields.get("reply_to")
    place = None if reply_to is None else check_seq("reply_to", reply_to)
    return Draft(text, check_client_id(fields.get("client_id")), place, files)


def check_text(text: Any, *, may_be_empty: bool = False) -> str:
    """What may be said; beside files it may be nothing. Raises InvalidInput, TooLarge."""
    if not isinstance(text, str) or not (text.strip() or may_be_empty):
        raise InvalidInput("a message needs some text")
    if "\0" in text:
        raise InvalidInput("a message may not hold the character U+0000, which PostgreSQL can't keep")
    limit = get_settings().max_message_chars
    if len(text) > limit:
        raise TooLarge(f"the message has {len(text)} characters (limit {limit})")
    if (marks := _most_marks(text)) > MAX_MARKS:
        raise InvalidInput(f"the message has {marks} combining marks on one character (limit {MAX_MARKS})")
    return text


def _most_marks(text: str) -> int:
    """How many marks are piled on one character at most: they would be drawn over the lines above and below it."""
    most = run = 0
    for character in "" if text.isascii() else text:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        most = max(most, run)
    return most


def check_client_id(client_id: Any) -> str:
    """What a client calls what it sends; raises InvalidInput."""
    if not isinstance(client_id, str) or not 0 < len(client_id) <= MAX_CLIENT_ID_CHARS or not client_id.isprintable():
        raise InvalidInput(f"client_id must be a string of 1 to {MAX_CLIENT_ID_CHARS} printable characters")
    return client_id


def check_seq(name: str, value: Any) -> int:
    """A place in a room's log; raises InvalidInput naming the field."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_SEQ:
        raise InvalidInput(f"{name} must be the number of something in this room, not {value!r:.60}")
    return value


def check_files(names: Any) -> tuple[str, ...]:
    """Names of files, none twice; raises InvalidInput."""
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) and name and "\0" not in name for name in names):
        raise InvalidInput("files must be a list of names of files")
    if len(names) > (limit := get_settings().max_attachments):
        raise InvalidInput(f"the message has {len(names)} files (limit {limit})")
    return tuple(dict.fromkeys(names))


def check_emoji(value: Any) -> str:
    """One emoji, of as many characters as it is made of; raises InvalidInput."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_EMOJI_CHARS or not _EMOJI.fullmatch(value):
        raise InvalidInput(f"emoji must be one emoji of up to {MAX_EMOJI_CHARS} characters, not {value!r:.60}")
    return value
