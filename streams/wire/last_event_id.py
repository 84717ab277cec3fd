"""What a client may send to say where it wants to read on: untrusted text to a wish."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_SEQ = 2**63 - 1
SEPARATOR = ","  # between the ids of several topics
UNTOLD = "-"  # malformed: in place of what can't stand in a joint id, since its gap is still to be told
_ID = re.compile(r"([a-z0-9]{1,16})-([0-9]{1,19})", re.ASCII)
_SEQ = re.compile(r"[0-9]{1,19}", re.ASCII)
_LAST = re.compile(r"-([0-9]{1,9})", re.ASCII)


class WishKind(StrEnum):
    """The five ways to name a place in a log."""

    NOW = "now"
    EARLIEST = "earliest"
    LAST = "last"  # ``number`` events before the head
    AFTER = "after"  # after seq ``number`` of ``epoch`` (None: the current one)
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a reader wants to begin; ``text`` is what it sent, cut to 128 characters."""

    kind: WishKind
    text: str = ""
    epoch: str | None = None
    number: int = 0


def parse_last_event_id(text: str | None) -> Wish:
    """The wish that ``text`` makes; never raises: what is not understood is MALFORMED and is answered by a gap."""
    if not text:
        return Wish(WishKind.NOW)
    shown = text[:128]
    if text == "earliest":
        return Wish(WishKind.EARLIEST, shown)
    if last := _LAST.fullmatch(text):
        return Wish(WishKind.LAST, shown, number=int(last[1]))
    if _SEQ.fullmatch(text) and int(text) <= MAX_SEQ:
        return Wish(WishKind.AFTER, shown, number=int(text))
    if (full := _ID.fullmatch(text)) and int(full[2]) <= MAX_SEQ:
        return Wish(WishKind.AFTER, shown, epoch=full[1], number=int(full[2]))
    return Wish(WishKind.MALFORMED, shown)


def parse_joint_id(text: str | None, count: int) -> list[Wish]:
    """The wishes for ``count`` topics, from their ids joined by commas in the order of the topics.

    ``earliest``, ``-N`` and nothing are wishes for each of them; a joint id of another length is malformed for each.
    """
    parts = (text or "").split(SEPARATOR)
    if len(parts) == count:
        return [parse_last_event_id(part) for part in parts]
    alone = parse_last_event_id(text)
    if alone.kind in (WishKind.AFTER, WishKind.MALFORMED):
        alone = Wish(WishKind.MALFORMED, alone.text)
    return [alone] * count


def join_ids(ids: Iterable[str]) -> str:
    """The joint id, of as many parts as there are ``ids``."""
    return SEPARATOR.join(UNTOLD if SEPARATOR in text else text for text in ids)
