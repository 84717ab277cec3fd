"""The changelists."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from streams.errors import InvalidTopicName
from streams.models import File, Room, Token, Topic
from streams.storage import delete_file
from streams.wire.names import check_topic_name


class ReadOnly:
    """A table that is looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False


class TopicAdmin(admin.ModelAdmin):
    """Topics: a name is for life, since it is on the wire."""

    list_display = ("name", "description", "head", "visibility", "slow_readers", "retain_events", "retain_s")
    list_filter = ("visibility", "slow_readers")
    search_fields = ("name", "description")
    readonly_fields = ("epoch", "head", "created_at")
    autocomplete_fields = ("readers", "reader_groups")  # there may be more users than a page can list
    fieldsets = (
        (None, {"fields": ("name", "description")}),
        ("Who may read", {"fields": ("visibility", "readers", "reader_groups")}),
        ("Slow readers", {"fields": ("slow_readers", "max_lag")}),
        ("What is kept", {"fields": ("retain_events", "retain_s")}),
        ("The log", {"fields": ("head", "epoch", "created_at")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> Any:
        """The name can be written only while the topic is made."""
        return self.readonly_fields if obj is None else ("name", *self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: Topic | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Check the name as publishing does."""
        form = super().get_form(request, obj, change, **kwargs)
        if "name" in form.base_fields:
            form.base_fields["name"].validators.append(_valid_name)
        return form


def _valid_name(name: str) -> None:
    from django.core.exceptions import ValidationError

    try:
        check_topic_name(name)
    except InvalidTopicName as error:
        raise ValidationError(str(error)) from None


class EventAdmin(ReadOnly, admin.ModelAdmin):
    """The log, newest first; no counting of all rows."""

    list_display = ("topic", "seq", "type", "created_at")
    list_filter = ("topic",)
    list_select_related = ("topic",)
    ordering = ("-id",)
    show_full_result_count = False


class RoomAdmin(admin.ModelAdmin):
    """Rooms; their topics come with them."""

    list_display = ("title", "slug", "description", "created_at")
    list_select_related = ("topic",)
    prepopulated_fields = {"slug": ("title",)}
    exclude = ("topic",)

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """A slug is on the wire: it is for life."""
        return () if obj is None else ("slug",)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """Only where the slug can still be written."""
        return self.prepopulated_fields if obj is None else {}

    def save_model(self, request: HttpRequest, obj: Room, form: Any, change: bool) -> None:
        """Make the room's topic with it."""
        if not change:
            obj.topic, _ = Topic.objects.get_or_create(
                name=f"room:{obj.slug}", defaults={"description": f"Everything said in {obj.title}"}
            )
        super().save_model(request, obj, form, change)


class TokenAdmin(admin.ModelAdmin):
    """Tokens: scopes can be narrowed and a token revoked; its text is nowhere."""

    list_display = ("name", "publish", "read", "chat", "files", "last_used_at", "expires_at", "revoked_at")
    readonly_fields = ("created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """``manage.py createtoken`` makes them: it can print the text once."""
        return False

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Make the chosen tokens useless from now on."""
        count = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} revoked.", messages.SUCCESS)


class GenerationAdmin(ReadOnly, admin.ModelAdmin):
    """Answers: how each ended and what it took."""

    list_display = ("created_at", "label", "model", "status", "asked_by", "input_tokens", "output_tokens", "error_type")
    list_filter = ("status", "model")


class FileAdmin(admin.ModelAdmin):
    """Files and uploads on their way: who may have them can be changed, and they can be deleted."""

    list_display = ("name", "size", "received", "visibility", "room", "owner_name", "created_at", "expires_at")
    list_filter = ("visibility",)
    list_select_related = ("room",)
    search_fields = ("name", "owner_name")
    readonly_fields = ("name", "size", "received", "content_type", "sha256", "owner_name", "created_at", "expires_at")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are uploaded."""
        return False

    def delete_model(self, request: HttpRequest, obj: File) -> None:
        """With its bytes."""
        delete_file(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[File]) -> None:
        """With their bytes."""
        for file in queryset:
            delete_file(file)


class JobAdmin(ReadOnly, admin.ModelAdmin):
    """Jobs: whose they are, how far each is, and which process has it."""

    list_display = ("created_at", "kind", "status", "done", "total", "owner_name", "attempts", "claim", "ended_at")
    list_filter = ("status", "kind")
    search_fields = ("id", "owner_name")
