"""What the admin's tables share: read-only ones, pages that ask before they act, and the audit of what was done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from streams.connections.operate import audit
from streams.errors import StreamsError


class PanelList(ChangeList):
    """A page of rows, to which the table may add what it asks for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        """As Django's."""
        super().get_results(request)
        self.model_admin.prepare(self.result_list)


class Panel(ModelAdmin):
    """A table of the admin. It is one object for all requests: what belongs to one is kept on the rows."""

    checks_class = ModelAdminChecks  # unfold's ask the database, which a fresh clone has not
    list_filter_submit = False
    list_fullwidth = True
    list_per_page = 50
    compressed_fields = False  # labels beside values leave three in a row no room
    warn_unsaved_form = True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """403 for an action that the person may not do; Django would show the table as if nothing had been asked."""
        action = request.POST.get("action", "")
        if action and action not in self.get_actions(request):
            raise PermissionDenied
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def prepare(self, rows: Iterable[Any]) -> None:
        """Add to the rows of a page, or to the one that is shown, what the columns need of elsewhere."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """One that prepares its rows."""
        return PanelList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, prepared."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.prepare([row])
        return row

    def page(self, request: HttpRequest, template: str, context: dict[str, Any], **more: Any) -> TemplateResponse:
        """A page of the admin that is no form of Django's."""
        request.current_app = self.admin_site.name
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, whole, **more)


class ReadOnly(Panel):
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


@dataclass(frozen=True, slots=True)
class Question:
    """What a page asks before it acts. told: paragraphs above the form; danger: what is done can't be undone.

    after: ``{"title", "text"}`` below the form, of what was done.
    """

    title: str
    submit: str
    told: Sequence[str] = ()
    danger: bool = False
    after: Any = None


def ask(
    panel: Panel, request: HttpRequest, form: Form, question: Question, obj: models.Model | None = None
) -> TemplateResponse:
    """The page with a form and what it will do, to ``obj`` or to nothing that there is yet."""
    names = f"admin:{panel.opts.app_label}_{panel.opts.model_name}"
    context = {
        "title": question.title,
        "question": question,
        "object": obj,
        "form": form,
        "media": panel.media + form.media,
        "back": reverse(f"{names}_changelist") if obj is None else reverse(f"{names}_change", args=[quote(obj.pk)]),
    }
    return panel.page(request, "admin/streams/ask.html", context)


def to_object(panel: Panel, obj: models.Model) -> HttpResponseRedirect:
    """Back to the page of an object."""
    return HttpResponseRedirect(
        reverse(f"admin:{panel.opts.app_label}_{panel.opts.model_name}_change", args=[quote(obj.pk)])
    )


def to_list(panel: Panel) -> HttpResponseRedirect:
    """Back to the table."""
    return HttpResponseRedirect(reverse(f"admin:{panel.opts.app_label}_{panel.opts.model_name}_changelist"))


def each(
    panel: Panel,
    request: HttpRequest,
    rows: Iterable[Any],
    act: Callable[[Any], str],
    *,
    done: str,
    flag: int | None = None,
) -> None:
    """Act on each row; ``act`` answers what the audit log says of it. One that can't be is told and spoils no other."""
    count = 0
    for row in rows:
        try:
            text = act(row)
        except StreamsError as error:
            panel.message_user(request, f"{row}: {error}", messages.ERROR)
            continue
        count += 1
        if text:
            audit(request.user, row, text, **({} if flag is None else {"flag": flag}))
    if count:
        panel.message_user(request, done.format(count=count), messages.SUCCESS)


def confirmed(
    panel: Panel, request: HttpRequest, object_id: str, question: Question, act: Callable[[Any], None]
) -> HttpResponse:
    """Ask once more, then act on the object and go back to its page: a link changes nothing."""
    obj = panel.get_object(request, unquote(object_id))
    if obj is None:
        raise Http404(f"no {panel.opts.verbose_name} {object_id}")
    if request.method == "POST":
        act(obj)
        return to_object(panel, obj)
    return ask(panel, request, Form(), replace(question, title=f"{question.title}: {obj}"), obj)
