"""Files and uploads on their way: who may have them can be changed, and they can be deleted with their bytes."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from streams.admin.base import Panel
from streams.admin.columns import column
from streams.admin.words import ago, link, size
from streams.models import File
from streams.storage import delete_file


class FileAdmin(Panel):
    """Files."""

    list_display = ("name_shown", "size_shown", "state", "visibility", "room", "owner_name", "created")
    list_display_links = ("name_shown",)
    list_filter = ("visibility",)
    list_select_related = ("room",)
    search_fields = ("name", "owner_name", "sha256")
    search_help_text = "Name, owner or SHA-256"
    readonly_fields = ("name", "size_shown", "state", "content_type", "sha256", "owner_name", "created", "download")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    ("size_shown", "state"),
                    "content_type",
                    "sha256",
                    ("owner_name", "created"),
                    "download",
                )
            },
        ),
        ("Who may have it", {"fields": (("visibility", "room"),)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are uploaded."""
        return False

    @column("Name", ordering="name")
    def name_shown(self, file: File) -> str:
        """As it is in the list of files."""
        return file.name

    @column("Size", ordering="size")
    def size_shown(self, file: File) -> str:
        """Readable, and exact for who points at it."""
        return format_html('<span title="{} bytes">{}</span>', file.size, size(file.size))

    @column("State", ordering="expires_at", label={"whole": "success"})
    def state(self, file: File) -> str:
        """Whole, or how much of it has come."""
        return "whole" if file.is_whole else f"{100 * file.received // max(file.size, 1)} % received"

    @column("Added", ordering="created_at")
    def created(self, file: File) -> SafeString | str:
        """How long ago."""
        return ago(file.created_at)

    @column("Download")
    def download(self, file: File) -> SafeString | str:
        """Where it can be had."""
        return link(file.url, file.name) if file.is_whole else "when it is whole"

    def delete_model(self, request: HttpRequest, obj: File) -> None:
        """With its bytes."""
        delete_file(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[File]) -> None:
        """With their bytes."""
        for file in queryset:
            delete_file(file)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Just the files: nothing hangs on them."""
        names = [str(file) for file in objs]
        lacking = set() if self.has_delete_permission(request) else {"file"}
        return names, {"files": len(names)}, lacking, []
