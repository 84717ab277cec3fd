"""What is done to a topic: publish, trim, reset, delete. Each is asked first, bounded in time, and audited."""

import time
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import VERTICAL
from django.contrib.admin.models import ADDITION, CHANGE, DELETION
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from streams.admin.base import Panel, Question, ask, to_list, to_object
from streams.admin.words import number
from streams.conf import get_settings
from streams.connections.operate import audit
from streams.errors import StreamsError
from streams.eventlog import check_deletable, check_resettable, delete_topic, empty, reset, trim
from streams.eventlog.browse import kept_numbers
from streams.jobs.registry import kind_named
from streams.jobs.rows import start_job
from streams.models import LiveConnection, Topic
from streams.publishing import check_publish, identify, publish_events
from streams.wire.event import NewEvent, check_data, check_key, check_type
from streams.wire.jsontext import decode_json, encode_json

AT_ONCE_S = 0.5  # of deleting within a request; what takes longer is a job


class PublishForm(forms.Form):
    """What ``POST /events/<topic>`` takes, checked as it is there."""

    type = forms.CharField(
        max_length=128,
        initial="message",
        widget=UnfoldAdminTextInputWidget(),
        help_text="Types beginning with stream. are the server's.",
    )
    data = forms.CharField(  # type: ignore[assignment]  # a field is no attribute at run time
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
        help_text="JSON: an object, a list, a text in quotes, a number, true, false or null.",
    )
    key = forms.CharField(
        max_length=128, required=False, widget=UnfoldAdminTextInputWidget(),
        help_text="Idempotency key: the same key with the same event appends nothing and answers the first id.",
    )  # fmt: skip

    def clean_type(self) -> str:
        """As on the wire."""
        return _checked(check_type, self.cleaned_data["type"])

    def clean_key(self) -> str | None:
        """As on the wire; empty: none."""
        return _checked(check_key, self.cleaned_data["key"] or None)

    def clean_data(self) -> str:
        """The JSON text as it goes on the wire."""
        settings = get_settings()

        def checked(text: str) -> str:
            value = decode_json(text, max_depth=settings.max_json_depth)
            return check_data(encode_json(value), max_bytes=settings.max_event_bytes)

        return _checked(checked, self.cleaned_data["data"])


def _checked(check: Any, value: Any) -> Any:
    try:
        return check(value)
    except StreamsError as error:
        raise forms.ValidationError(str(error)) from None


def publish_page(panel: Panel, request: HttpRequest, topic: Topic) -> HttpResponseBase:
    """The form, and below it the id of what was published last."""
    form = PublishForm(request.POST or None)
    after = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            check_publish(who=identify(request.user, request.session, {}), name=topic.name)
            appended = publish_events(topic.name, [NewEvent(given["data"], given["type"], given["key"])])
        except StreamsError as error:
            form.add_error(None, str(error))
        else:
            audit(request.user, topic, f"published {appended.ids[0]} ({given['type']})", flag=ADDITION)
            seq = int(appended.ids[0].rpartition("-")[2])
            at = f"{reverse('admin:streams_event_changelist')}at/{topic.pk}/{seq}/"
            known = "" if appended.new else " The key was known: nothing was appended."
            after = {
                "title": "Published",
                "text": format_html('<a class="link mono" href="{}">{}</a>{}', at, appended.ids[0], known),
            }
    return ask(panel, request, form, Question(f"Publish to {topic.name}", "Publish", after=after), topic)


class TrimForm(forms.Form):
    """By the retention, or to a number of events."""

    how = forms.ChoiceField(
        label="Delete",
        choices=[
            ("retention", "what the topic's retention no longer covers"),
            ("keep", "all but the newest events"),
        ],
        initial="retention",
        widget=UnfoldAdminRadioSelectWidget(radio_style=VERTICAL),
    )
    keep = forms.IntegerField(
        label="Events to keep",
        min_value=0,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Of the newest; 0 empties the topic, and its numbers go on.",
    )

    def clean(self) -> dict[str, Any]:
        """A number where one is asked for."""
        given = super().clean() or {}
        if given.get("how") == "keep" and given.get("keep") is None and "keep" not in self.errors:
            self.add_error("keep", "How many?")
        return given


def trim_page(panel: Panel, request: HttpRequest, topic: Topic) -> HttpResponseBase:
    """At once if that is quick, else as a job."""
    form = TrimForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        keep = form.cleaned_data["keep"] if form.cleaned_data["how"] == "keep" else None
        deleted = trim(topic, keep=keep, until=(until := time.monotonic() + AT_ONCE_S))
        how = "by its retention" if keep is None else f"to {number(keep)} events"
        if time.monotonic() < until:
            panel.message_user(request, f"{number(deleted)} events were deleted.", messages.SUCCESS)
        elif not _go_on(panel, request, "trim", {"topic": topic.name, "keep": keep}):
            return to_object(panel, topic)
        audit(request.user, topic, f"trimmed {how}", flag=CHANGE)
        return to_object(panel, topic)
    kept = kept_numbers(topic)
    told = (f"{number(kept)} events are kept. Readers that are behind what is deleted are told of the gap.",)
    return ask(panel, request, form, Question(f"Trim {topic.name}", "Trim", told, danger=True), topic)


class ConfirmForm(forms.Form):
    """The name, typed: nobody resets a log by a slip."""

    def __init__(self, *args: Any, name: str, label: str = "Type the topic's name", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name
        widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"})
        self.fields["name"] = forms.CharField(label=label, widget=widget)

    def clean_name(self) -> str:
        """That very name."""
        if self.cleaned_data["name"] != self._name:
            raise forms.ValidationError(f"That is not {self._name}.")
        return self._name


def reset_page(panel: Panel, request: HttpRequest, topic: Topic) -> HttpResponseBase:
    """Says what readers will see, and has the name typed."""
    form = ConfirmForm(request.POST or None, name=topic.name)
    if request.method == "POST" and form.is_valid():
        if clear(panel, request, topic, "reset"):
            audit(request.user, topic, f"reset (epoch {topic.epoch}, head {topic.head})", flag=CHANGE)
        return to_object(panel, topic)
    kept = kept_numbers(topic)
    readers = LiveConnection.objects.readers(timezone.now()).get(topic.name, 0)
    told = (
        f"All {number(kept)} kept events are deleted, and numbers begin at 1 again under a new epoch. "
        "This can't be undone.",
        f"{number(readers)} live readers, and everybody who comes back with an older position, are told by "
        "stream.gap with the reason epoch that they missed what was there; then they get the new events.",
        "Idempotency keys are forgotten: a key that was used may append again.",
    )
    return ask(panel, request, form, Question(f"Reset {topic.name}", "Reset", told, danger=True), topic)


def delete_page(panel: Panel, request: HttpRequest, topic: Topic) -> HttpResponseBase:
    """Says what goes with it, and has the name typed."""
    form = ConfirmForm(request.POST or None, name=topic.name)
    if request.method == "POST" and form.is_valid():
        try:
            check_deletable(topic)
        except StreamsError as error:
            form.add_error(None, str(error))
        else:
            if clear(panel, request, topic, "delete"):
                audit(request.user, topic, f"deleted (head {topic.head})", flag=DELETION)
            return to_list(panel)
    kept = kept_numbers(topic)
    told = (f"The topic and its {number(kept)} kept events are deleted. Its readers are told that it is gone.",)
    return ask(panel, request, form, Question(f"Delete {topic.name}", "Delete", told, danger=True), topic)


def clear(panel: Panel, request: HttpRequest, topic: Topic, then: str) -> bool:
    """Empty the topic, and reset or delete it; as a job if that takes long. Whether it was done or begun."""
    try:
        if then == "reset":
            check_resettable(topic)
        _, all_gone = empty(topic, keep_answers=then == "reset", until=time.monotonic() + AT_ONCE_S)
        if not all_gone:
            return _go_on(panel, request, "clear", {"topic": topic.name, "then": then})
        if then == "reset":
            epoch = reset(topic.name)
            panel.message_user(request, f"{topic} begins anew, with the epoch {epoch}.", messages.SUCCESS)
        else:
            delete_topic(topic.name)
    except StreamsError as error:
        panel.message_user(request, str(error), messages.ERROR)
        return False
    return True


def _go_on(panel: Panel, request: HttpRequest, kind: str, params: dict[str, Any]) -> bool:
    """Start a job that does the rest, and say so."""
    try:
        job = start_job(identify(request.user, request.session, {}), kind_named(kind), params, key=None)
    except StreamsError as error:
        panel.message_user(request, str(error), messages.ERROR)
        return False
    page = reverse("admin:streams_job_change", args=[job.pk])
    panel.message_user(
        request,
        format_html('That is a lot: <a class="link" href="{}">a job</a> does it now, in small steps.', page),
        messages.INFO,
    )
    return True
