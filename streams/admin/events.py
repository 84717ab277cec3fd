"""Events: the log as a person reads it, by keyset pages and bounded scans, and one event with its data in full."""

import json
from datetime import UTC
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminTextInputWidget

from streams.admin.base import ReadOnly
from streams.admin.words import number, size
from streams.eventlog.browse import Page, Wanted, browse, kept_numbers
from streams.eventlog.read import first_kept
from streams.models import Event, Topic
from streams.wire.event import event_id, format_time
from streams.wire.names import OF_PEOPLE

SHOWN = 50  # events of a page
SHOWN_CHARS = 160  # of an event's data in the table
MAX_SUGGESTED = 100
MAX_PRETTY_CHARS = 300_000


class MomentInput(forms.DateTimeInput):
    """The browser's own picker."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        classes = UnfoldAdminTextInputWidget().attrs["class"]
        super().__init__(attrs={"step": 1, "class": classes}, format="%Y-%m-%dT%H:%M:%S")


def _text(label: str, **attrs: str) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"spellcheck": "false", "autocomplete": "off", **attrs})
    return forms.CharField(label=label, required=False, max_length=300, widget=widget)


class BrowseForm(forms.Form):
    """What is looked for."""

    topic = _text("Topic", list="topics", placeholder="all")
    at = _text("Id or number", placeholder="epoch-17 or 17")
    type = _text("Type", placeholder="any")
    text = _text("Data contains")
    since = forms.DateTimeField(label="From (UTC)", required=False, widget=MomentInput())
    until = forms.DateTimeField(label="Before (UTC)", required=False, widget=MomentInput())

    def clean_topic(self) -> Topic | None:
        """The topic of that name."""
        name = self.cleaned_data["topic"]
        topic = Topic.objects.filter(name=name).first() if name else None
        if name and topic is None:
            raise forms.ValidationError(f"There is no topic {name}.")
        return topic

    def clean(self) -> dict[str, Any]:
        """Numbers and times are those of one topic."""
        given = super().clean() or {}
        for field in ("at", "since", "until"):
            if given.get(field) and given.get("topic") is None and "topic" not in self.errors:
                self.add_error("topic", "Name the topic: numbers and times are looked for in one.")
                break
        if given.get("at") and given.get("topic"):
            given["seq"] = self._seq(given["topic"], given["at"])
        return given

    def _seq(self, topic: Topic, at: str) -> int | None:
        epoch, _, digits = at.strip().rpartition("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            self.add_error("at", "An id is epoch-number; a number is one of digits.")
        elif epoch and epoch != topic.epoch:
            self.add_error("at", f"That epoch is over: the topic's is {topic.epoch} now.")
        else:
            return int(digits)
        return None


def _hidden(request: HttpRequest) -> tuple[str, ...]:
    """The topics whose events this person may not see: those that tell of people's connections."""
    return () if request.user.has_perm("streams.view_liveconnection") else OF_PEOPLE


class EventAdmin(ReadOnly):
    """The log, newest first."""

    def get_urls(self) -> list[URLPattern]:
        """With the page of one event, by its topic and number."""
        at = self.admin_site.admin_view(self.event_view)
        return [path("at/<int:topic_id>/<int:seq>/", at, name="streams_event_at"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """``streams.view_event``; who may publish may not thereby read."""
        return request.user.has_perm("streams.view_event")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A page of events, or the one that was asked for by its number."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = BrowseForm(request.GET or None)
        given = form.cleaned_data if form.is_valid() else {}
        topic: Topic | None = given.get("topic")
        if topic is not None and topic.name in _hidden(request):
            raise PermissionDenied
        if topic is not None and given.get("seq") is not None:
            return HttpResponseRedirect(reverse("admin:streams_event_at", args=[topic.pk, given["seq"]]))
        page, wanted = None, Wanted()
        if not form.errors:
            wanted = Wanted(
                topic,
                (given.get("type") or "").strip(),
                given.get("text") or "",
                given.get("since"),
                given.get("until"),
            )
            page = browse(wanted, before=_position(request.GET.get("before")), size=SHOWN)
        topics = Topic.objects.exclude(name__in=_hidden(request)).order_by("-head")
        shown = [] if page is None else [event for event in page.events if _shown(request, event, topic)]
        context = {
            "title": f"Events of {topic.name}" if topic is not None else "Events",
            "form": form,
            "topic": topic,
            "kept": None if topic is None else number(kept_numbers(topic)),
            "suggested": topics.values_list("name", flat=True)[:MAX_SUGGESTED],
            "rows": [_row(event, topic) for event in shown],
            "told": "" if page is None else _told(wanted, page),
            "scanned_on": page is not None and not page.whole,
            "older": _older(request, page),
            "newest": _older(request, None) if request.GET.get("before") else "",
        }
        return self.page(request, "admin/streams/events.html", context)

    def change_view(self, request: HttpRequest, object_id: str, *_: Any, **__: Any) -> HttpResponseBase:
        """An event by its row's id, as the audit log may name it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        event = Event.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        if event is None:
            raise Http404("no such event")
        return HttpResponseRedirect(reverse("admin:streams_event_at", args=[event.topic_id, event.seq]))

    def event_view(self, request: HttpRequest, topic_id: int, seq: int) -> HttpResponseBase:
        """One event; of one that is not kept it says so."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        topic = Topic.objects.filter(pk=topic_id).first()
        if topic is None:
            raise Http404("no such topic")
        if topic.name in _hidden(request):
            raise PermissionDenied
        event = Event.objects.filter(topic_id=topic_id, seq=min(seq, 2**63 - 1)).first()
        first = first_kept(topic.pk) or topic.head + 1
        context = {
            "title": f"Event {number(seq)} of {topic.name}",
            "topic": topic,
            "seq": seq,
            "event": event,
            "number": number(seq),
            "first": number(first),
            "head": number(topic.head),
            "id": event_id(topic.epoch, seq),
            "compacted": event is None and first <= seq <= topic.head,
            "previous": seq - 1 if first < seq <= topic.head else None,
            "next": seq + 1 if first <= seq < topic.head else None,
        }
        if event is not None:
            context |= {
                "time": format_time(event.created_at),
                "pretty": _pretty(event.data),
                "bytes": size(len(event.data.encode())),
            }
        return self.page(request, "admin/streams/event.html", context, status=200 if event is not None else 404)


def _position(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _pretty(data: str) -> str:
    if len(data) > MAX_PRETTY_CHARS:
        return data
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except ValueError:  # written by other means than publishing
        return data


def _shown(request: HttpRequest, event: Event, topic: Topic | None) -> bool:
    return topic is not None or event.topic.name not in _hidden(request)


def _row(event: Event, topic: Topic | None) -> dict[str, Any]:
    return {
        "url": reverse("admin:streams_event_at", args=[event.topic_id, event.seq]),
        "topic": event.topic.name if topic is None else None,
        "seq": number(event.seq),
        "type": event.type,
        "time": f"{event.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3],
        "data": event.data[:SHOWN_CHARS] + ("…" if len(event.data) > SHOWN_CHARS else ""),
        "key": event.key,
    }


def _told(wanted: Wanted, page: Page) -> str:
    """How far it looked."""
    if not wanted.needs_scan or page.looked_from is None or page.looked_to is None:
        return ""
    what = "numbers" if wanted.topic is not None else "rows"
    more = "" if page.whole else "; there may be more further back"
    end = ", to the end of what is kept" if page.older is None else ""
    return f"Looked at {what} {number(page.looked_from)} down to {number(page.looked_to)}{end}{more}."


def _older(request: HttpRequest, page: Page | None) -> str:
    """The query of the page behind this one; without a page that of the newest."""
    query = {name: str(value) for name, value in request.GET.items() if value and name != "before"}
    if page is not None:
        if page.older is None:
            return ""
        query["before"] = str(page.older)
    return f"?{urlencode(query)}"
