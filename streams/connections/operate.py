"""What an operator does to live connections, wherever they are: each act is a command to all processes, and is audited.

For the admin and for commands of ``manage.py``: sync functions that touch the database. The audit log is Django's own
(``admin.LogEntry``): who, when, on what, in words. Rights are asked by whoever calls.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from streams.connections.commands import command
from streams.errors import CloseReason, InvalidInput, TooLarge
from streams.models import Ban, BanKind, LiveConnection, Process

MAX_NOTICE_CHARS = 500
MAX_BAN_S = 366 * 86_400
AT_ONCE = 500  # ids in one command


def audit(by: Any, what: models.Model, text: str, *, flag: int = CHANGE) -> None:
    """Write to the audit log that the user ``by`` did ``text`` to ``what``."""
    LogEntry.objects.create(
        user_id=by.pk,
        content_type_id=ContentType.objects.get_for_model(what).pk,
        object_id=str(what.pk),
        object_repr=str(what)[:200],
        action_flag=flag,
        change_message=text,
    )


@transaction.atomic
def end_connections(by: Any, connections: Iterable[LiveConnection]) -> int:
    """Disconnect these; how many that were. Their clients are told ``kicked``, and not to come back by themselves."""
    chosen = list(connections)
    for start in range(0, len(chosen), AT_ONCE):
        some = chosen[start : start + AT_ONCE]
        command("end", ids=[one.pk for one in some], reason=CloseReason.KICKED)
    for one in chosen:
        audit(by, one, f"disconnected ({one.address or 'no address'}, reads {one.topics.strip() or 'nothing'})")
    return len(chosen)


@transaction.atomic
def end_all_of(by: Any, kind: BanKind, example: LiveConnection) -> None:
    """Disconnect all of the person, or of the address, that ``example`` is of. Raises InvalidInput if it has none."""
    value = _value(kind, example)
    command("end", reason=CloseReason.KICKED, **{_field(kind): value})
    audit(by, example, f"disconnected all of {_told(kind, example)}")


@transaction.atomic
def ban(by: Any, kind: BanKind, example: LiveConnection, *, until: datetime, reason: str = "") -> Ban:
    """Ban the person, or the address, that ``example`` is of; what is open is ended. Raises InvalidInput."""
    name = _told(kind, example)
    return ban_value(by, kind, _value(kind, example), name=name, until=until, reason=reason)


@transaction.atomic
def ban_value(by: Any, kind: BanKind, value: str, *, name: str = "", until: datetime, reason: str = "") -> Ban:
    """Ban an Identity's id or an address. Raises InvalidInput for a time that is over, or too long."""
    seconds = (until - timezone.now()).total_seconds()
    if not 0 < seconds <= MAX_BAN_S:
        raise InvalidInput(
            f"a ban must end within {MAX_BAN_S // 86_400} days, and not before now ({until:%Y-%m-%d %H:%M})"
        )
    made = Ban.objects.create(
        kind=kind, value=value, name=name[:150], until=until, reason=reason[:200], created_by_id=by.pk
    )
    command("bans")
    audit(by, made, f"banned {name or value} until {until:%Y-%m-%d %H:%M} UTC" + (f": {reason}" if reason else ""))
    return made


@transaction.atomic
def lift_ban(by: Any, banned: Ban) -> None:
    """End a ban before its time."""
    Ban.objects.filter(pk=banned.pk).update(until=timezone.now())
    command("bans")
    audit(by, banned, "lifted the ban", flag=DELETION)


@transaction.atomic
def send_notice(by: Any, connections: Iterable[LiveConnection], text: str) -> int:
    """Tell the clients of these connections something; how many that are. Raises InvalidInput, TooLarge."""
    text = check_notice(text)
    chosen = list(connections)
    for start in range(0, len(chosen), AT_ONCE):
        command("notice", ids=[one.pk for one in chosen[start : start + AT_ONCE]], text=text)
    for one in chosen:
        audit(by, one, f"sent the notice: {text}")
    return len(chosen)


@transaction.atomic
def drain_process(by: Any, process: Process) -> None:
    """Ask a process to drain and end; ``by``: None from the shell."""
    command("drain", process=process.pk)
    if by is not None:
        audit(by, process, "asked it to drain")


def check_notice(text: str) -> str:
    """The text as it is sent; raises InvalidInput, TooLarge."""
    text = text.strip()
    if not text or "\0" in text:
        raise InvalidInput("a notice needs some text, without the character U+0000")
    if len(text) > MAX_NOTICE_CHARS:
        raise TooLarge(f"the notice has {len(text)} characters (limit {MAX_NOTICE_CHARS})")
    return text


def _field(kind: BanKind) -> str:
    return "who" if kind == BanKind.WHO else "address"


def _value(kind: BanKind, example: LiveConnection) -> str:
    value = example.who_id if kind == BanKind.WHO else example.address
    if not value:
        raise InvalidInput(f"the connection {example.pk} has no {'known person' if kind == BanKind.WHO else 'address'}")
    return value


def _told(kind: BanKind, example: LiveConnection) -> str:
    if kind == BanKind.ADDRESS:
        return f"the address {example.address}"
    return f"{example.who_name} ({example.who_id})" if example.who_name else example.who_id
