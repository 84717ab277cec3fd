"""Tokens: made here too, and then their text is shown once; narrowed, and revoked."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import ADDITION
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_variables
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from streams.accounts.tokens import revoke_token
from streams.admin.base import Panel, Question, ask, each
from streams.admin.columns import column
from streams.admin.words import ago
from streams.connections.operate import audit
from streams.errors import InvalidTopicName, StreamsError
from streams.models import Token
from streams.publishing import create_token
from streams.wire.names import check_pattern

DAYS_MOST = 3_650
PATTERNS = "Patterns of topic names, separated by spaces; * is any run of characters."


class Patterns(forms.CharField):
    """Topic patterns, separated by spaces."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> str:
        """Each is checked as ``createtoken`` does."""
        words = str(super().clean(value)).split()
        for word in words:
            try:
                check_pattern(word)
            except InvalidTopicName as error:
                raise forms.ValidationError(str(error)) from None
        return " ".join(words)


class TokenForm(forms.Form):
    """What ``manage.py createtoken`` takes."""

    name = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget(), help_text="What the token is for.")
    publish = Patterns(required=False, max_length=500, help_text=f"May publish to these. {PATTERNS}")
    read = Patterns(required=False, max_length=500, help_text=f"May read these. {PATTERNS}")
    chat = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget(), help_text="May ask the model by POST /chat."
    )
    files = forms.BooleanField(  # type: ignore[assignment]  # a field is no attribute at run time
        required=False, widget=UnfoldBooleanSwitchWidget(), help_text="May have files, and add some of its own."
    )
    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=DAYS_MOST,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Expires after so many days; empty: never.",
    )


class TokenAdmin(Panel):
    """Tokens: the text of one that was made is nowhere."""

    list_display = ("name", "state", "user", "publish", "read", "chat", "files", "used", "expires")
    list_select_related = ("user",)
    list_filter = ("chat", "files")
    search_fields = ("name", "publish", "read", "user__username")
    search_help_text = "Name, patterns or user"
    autocomplete_fields = ("user",)
    fields = ("name", "user", ("publish", "read"), ("chat", "files"), "expires_at", ("state", "created_at", "used"))
    readonly_fields = ("state", "created_at", "used")
    actions = ("revoke",)

    def get_form(self, request: HttpRequest, obj: Token | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Patterns are checked here too."""
        form = super().get_form(request, obj, change, **kwargs)
        for name in {"publish", "read"} & set(form.base_fields):
            form.base_fields[name] = Patterns(required=False, max_length=500, help_text=PATTERNS)
        return form

    @sensitive_variables("text", "after")
    def add_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponseBase:
        """The form; its answer shows the text, which is in no message, no log and no table."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST or None)
        after = None
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            days = given.pop("days")
            expires_at = None if days is None else timezone.now() + timedelta(days=days)
            patterns = {name: given.pop(name).split() for name in ("publish", "read")}
            try:
                token, text = create_token(**given, **patterns, expires_at=expires_at)
            except StreamsError as error:
                form.add_error(None, str(error))
            else:
                audit(request.user, token, "made", flag=ADDITION)
                shown = '<code class="mono secret">{}</code> Copy it now: it is not shown again.'
                after = {"title": f"The token {token}:", "text": format_html(shown, text)}
                form = TokenForm()
        answer = ask(self, request, form, Question("Make a token", "Make", after=after))
        answer["Cache-Control"] = "no-store"
        return answer

    @column("State", label={"good": "success", "was revoked": "danger", "has expired": "warning"})
    def state(self, token: Token) -> str:
        """Whether it is any good."""
        return token.flaw(timezone.now()) or "good"

    @column("Last used", ordering="last_used_at")
    def used(self, token: Token) -> SafeString | str:
        """To the minute."""
        return "never" if token.last_used_at is None else ago(token.last_used_at)

    @column("Expires", ordering="expires_at")
    def expires(self, token: Token) -> SafeString | str:
        """When it is no good any more."""
        return "never" if token.expires_at is None else ago(token.expires_at)

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Make the chosen tokens useless from now on."""

        def act(token: Token) -> str:
            revoke_token(token)
            return "revoked"

        each(self, request, queryset.filter(revoked_at=None), act, done="{count} revoked; their streams end soon.")
