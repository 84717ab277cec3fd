"""What the staff can do to live connections: each act with its right, what it asks, what it says when done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from streams.connections import operate
from streams.errors import InvalidInput
from streams.models import BanKind, LiveConnection

Rows = Sequence[LiveConnection]
HOURS = ((1, "1 hour"), (24, "1 day"), (24 * 7, "1 week"), (24 * 30, "30 days"), (24 * 366, "a year"))


class NothingAsked(forms.Form):
    """A confirmation only."""


class BanForm(forms.Form):
    """For how long, and why."""

    hours = forms.TypedChoiceField(label="For", coerce=int, choices=HOURS, initial=1, widget=UnfoldAdminSelectWidget())
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=200,
        help_text="The banned are told.",
        widget=UnfoldAdminTextInputWidget(),
    )


class NoticeForm(forms.Form):
    """What to say."""

    text = forms.CharField(
        label="Notice", max_length=operate.MAX_NOTICE_CHARS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


@dataclass(frozen=True, slots=True)
class Act:
    """One act. permission: asked of the user. explains: what happens, for the page that asks.

    perform: does it for the user to the rows with what the form asked; what to say then.
    """

    name: str
    title: str
    permission: str
    explains: str
    perform: Callable[[Any, Rows, dict[str, Any]], str]
    form: type[forms.Form] = NothingAsked
    dangerous: bool = True


def _connections(count: int) -> str:
    return f"{count} connection{'' if count == 1 else 's'}"


def _disconnect(by: Any, rows: Rows, asked: dict[str, Any]) -> str:
    return f"Told {_connections(operate.end_connections(by, rows))} to end."


def _firsts(kind: BanKind, rows: Rows) -> list[LiveConnection]:
    """One connection of each person, or address, that is known."""
    field = "who_id" if kind == BanKind.WHO else "address"
    firsts = {getattr(one, field): one for one in reversed(rows) if getattr(one, field)}
    if not firsts:
        raise InvalidInput(
            "none of these connections has a known person" if field == "who_id" else "no address is known"
        )
    return list(firsts.values())


def _disconnect_all(kind: BanKind) -> Callable[[Any, Rows, dict[str, Any]], str]:
    def perform(by: Any, rows: Rows, asked: dict[str, Any]) -> str:
        firsts = _firsts(kind, rows)
        for one in firsts:
            operate.end_all_of(by, kind, one)
        return "Told all connections to end: " + ", ".join(_name(kind, one) for one in firsts) + "."

    return perform


def _ban(kind: BanKind) -> Callable[[Any, Rows, dict[str, Any]], str]:
    def perform(by: Any, rows: Rows, asked: dict[str, Any]) -> str:
        until = timezone.now() + timedelta(hours=asked["hours"]) - timedelta(seconds=1)
        firsts = _firsts(kind, rows)
        for one in firsts:
            operate.ban(by, kind, one, until=until, reason=asked["reason"])
        return f"Banned until {until:%Y-%m-%d %H:%M} UTC: " + ", ".join(_name(kind, one) for one in firsts) + "."

    return perform


def _notice(by: Any, rows: Rows, asked: dict[str, Any]) -> str:
    return f"Sent the notice to {_connections(operate.send_notice(by, rows, asked['text']))}."


def _name(kind: BanKind, one: LiveConnection) -> str:
    return one.address if kind == BanKind.ADDRESS else one.who_name or one.who_id


END, BAN, NOTIFY = "streams.end_connection", "streams.add_ban", "streams.notify_connection"
ACTS = {
    act.name: act
    for act in (
        Act(
            "disconnect",
            "Disconnect",
            END,
            "Each client is told that it was disconnected, and not to come back by itself.",
            _disconnect,
        ),
        Act(
            "disconnect_person",
            "Disconnect all of the person",
            END,
            "All connections of the same person or token end, in every process.",
            _disconnect_all(BanKind.WHO),
        ),
        Act(
            "disconnect_address",
            "Disconnect all of the address",
            END,
            "All connections from the same address end, in every process. An office may share one.",
            _disconnect_all(BanKind.ADDRESS),
        ),
        Act(
            "ban_person",
            "Ban the person",
            BAN,
            "The person's connections end, and none opens for the time. Guests can come back as somebody else.",
            _ban(BanKind.WHO),
            BanForm,
        ),
        Act(
            "ban_address",
            "Ban the address",
            BAN,
            "All connections from the address end, and none opens for the time. An office may share one.",
            _ban(BanKind.ADDRESS),
            BanForm,
        ),
        Act(
            "notice",
            "Send a notice",
            NOTIFY,
            "The page shows it to the person; programs get the event stream.notice.",
            _notice,
            NoticeForm,
            dangerous=False,
        ),
    )
}
