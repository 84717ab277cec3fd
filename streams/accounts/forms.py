"""The forms of accounts; what they say is checked again by what they call."""

from typing import Any

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.core.exceptions import ValidationError

from streams.errors import InvalidTopicName
from streams.models import Token
from streams.wire.names import check_pattern

RESERVED = ("admin", "administrator", "claude", "operator", "root", "staff", "streams", "system")
DAYS = 90  # what is offered
MAX_DAYS = 3_650


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]  # takes none at run time
    """Django's own, but for the names that would pass for somebody else."""

    def clean_username(self) -> str:
        """Refuse a name that is taken, whatever its case, or reserved."""
        name = super().clean_username()
        if name and name.casefold() in RESERVED:
            raise ValidationError("This name is not to be had.")
        return str(name or "")


class PasswordForm(forms.Form):
    """One's own password, once more."""

    password = forms.CharField(strip=False, max_length=4_096)

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Refuse another one."""
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError("That is not your password.")
        return password


class Patterns(forms.CharField):
    """Patterns of topic names, separated by spaces or commas; its value is a list of them."""

    def __init__(self, scope: str) -> None:
        super().__init__(required=False, max_length=Token.max_chars(scope))

    def clean(self, value: Any) -> Any:
        """The list, without doubles."""
        patterns = list(dict.fromkeys(super().clean(value).replace(",", " ").split()))
        try:
            for pattern in patterns:
                check_pattern(pattern)
        except InvalidTopicName as error:
            raise ValidationError(str(error)) from None
        return patterns


class TokenForm(forms.Form):
    """What a token is for and what it may; ``publish`` is there only for whoever may publish."""

    name = forms.CharField(max_length=Token.max_chars("name"))
    read = Patterns("read")
    publish = Patterns("publish")
    chat = forms.BooleanField(required=False)
    files = forms.BooleanField(required=False)  # type: ignore[assignment]  # a form's own is an attribute of instances
    days = forms.IntegerField(required=False, min_value=1, max_value=MAX_DAYS, initial=DAYS)
