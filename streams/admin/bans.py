"""Bans: those that hold and those that are over; made for a person or an address, and lifted."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from streams.admin.base import Question, ReadOnly, ask, each, to_list
from streams.admin.columns import column
from streams.admin.connection_acts import BanForm
from streams.admin.words import ago, exact, mono
from streams.connections.operate import ban_value, lift_ban
from streams.errors import StreamsError
from streams.models import Ban, BanKind
from streams.models.ban import BanQuerySet


class NewBanForm(BanForm):
    """Who, for how long, and why."""

    kind = forms.ChoiceField(choices=BanKind.choices, widget=UnfoldAdminSelectWidget())
    value = forms.CharField(
        max_length=64,
        widget=UnfoldAdminTextInputWidget(),
        help_text="An address as the connections show it, or an id: u:7 (a user), t:3 (a token), g:… (a guest).",
    )
    field_order = ("kind", "value", "hours", "reason")


class BanAdmin(ReadOnly):
    """Bans."""

    list_display = ("shown", "kind", "value_shown", "holds", "until_shown", "reason", "created_by", "made")
    list_display_links = ("shown",)
    list_filter = ("kind",)
    list_select_related = ("created_by",)
    search_fields = ("value", "name", "reason")
    search_help_text = "Id, address, name or reason"
    actions = ("lift",)
    fields = (("kind", "value", "name"), ("holds", "until_shown"), "reason", ("created_by", "created_at"))
    readonly_fields = ("kind", "value", "name", "holds", "until_shown", "reason", "created_by", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """``streams.add_ban``."""
        return request.user.has_perm("streams.add_ban")

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """``streams.delete_ban``."""
        return request.user.has_perm("streams.delete_ban")

    def add_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponseBase:
        """Ban somebody who need not be connected."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewBanForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            until = timezone.now() + timedelta(hours=given["hours"]) - timedelta(seconds=1)
            kind = BanKind(given["kind"])
            try:
                made = ban_value(request.user, kind, given["value"].strip(), until=until, reason=given["reason"])
            except StreamsError as error:
                form.add_error(None, str(error))
            else:
                self.message_user(request, f"{made} is banned until {exact(made.until)}.")
                return to_list(self)
        told = ("What is open of theirs ends at once, in every process, and nothing opens until the ban is over.",)
        return ask(self, request, form, Question("Ban", "Ban", told, danger=True))

    @column("Who", ordering="name")
    def shown(self, ban: Ban) -> str:
        """By name, if it is known."""
        return str(ban)

    @column("Id or address", ordering="value")
    def value_shown(self, ban: Ban) -> SafeString:
        """Exactly."""
        return mono(ban.value)

    @column("State", label={"holds": "danger", "over": "info"})
    def holds(self, ban: Ban) -> str:
        """In a word."""
        return "holds" if ban.until > timezone.now() else "over"

    @column("Until", ordering="until")
    def until_shown(self, ban: Ban) -> SafeString | str:
        """When it ends, or ended."""
        return ago(ban.until)

    @column("Made", ordering="created_at")
    def made(self, ban: Ban) -> SafeString | str:
        """How long ago."""
        return ago(ban.created_at)

    @admin.action(description="Lift", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: BanQuerySet) -> None:
        """End them before their time."""

        def act(ban: Ban) -> str:
            lift_ban(request.user, ban)
            return ""  # which is audited there

        each(self, request, queryset.active(timezone.now()), act, done="{count} lifted.")
