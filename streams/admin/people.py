"""Users and groups, on the admin's forms."""

from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.utils.safestring import SafeString
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from streams.admin.base import Panel
from streams.admin.columns import column
from streams.admin.words import ago


class UserAdmin(DjangoUserAdmin, Panel):
    """Accounts."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "role", "active", "seen", "joined")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")

    @column("Name", ordering="first_name")
    def full_name(self, user: User) -> str:
        """As others see it."""
        return user.get_full_name()

    @column("Role", ordering="is_staff", label={"superuser": "danger", "staff": "info"})
    def role(self, user: User) -> str:
        """What it comes to."""
        return "superuser" if user.is_superuser else "staff" if user.is_staff else "person"

    @column("Active", ordering="is_active", label={"active": "success", "disabled": "warning"})
    def active(self, user: User) -> str:
        """Whether they may sign in."""
        return "active" if user.is_active else "disabled"

    @column("Signed in", ordering="last_login")
    def seen(self, user: User) -> SafeString | str:
        """When last."""
        return "never" if user.last_login is None else ago(user.last_login)

    @column("Joined", ordering="date_joined")
    def joined(self, user: User) -> SafeString | str:
        """How long ago."""
        return ago(user.date_joined)


class GroupAdmin(DjangoGroupAdmin, Panel):
    """Groups and their permissions."""
