"""``/jobs``: start one, list one's own; ``/jobs/<id>``: look at one, cancel it, try it again; ``/jobs/``: the page.

A program sends and gets JSON. The page's forms work without JavaScript: they send fields and lead back to the page.
"""

from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from streams.conf import guests_allowed
from streams.connections import registry
from streams.errors import InvalidInput, MethodNotAllowed, NotSignedIn, StreamsError, TooLarge, UnsupportedMediaType
from streams.http.errors import answers_errors, wants_page
from streams.hub import Hub, current_hub
from streams.jobs.listing import field_name, list_jobs, page_context
from streams.jobs.registry import Kind, kind_named
from streams.jobs.rights import check_owner, job_to_change
from streams.jobs.rows import cancel_job, retry_job, start_job
from streams.jobs.runner import JobRunner, current_jobs
from streams.jobs.telling import END, as_json
from streams.models import Job
from streams.publishing import identify, welcome_guest
from streams.wire.event import check_key
from streams.wire.jsontext import decode_json

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
LIST_METHODS = "GET, HEAD, POST, OPTIONS"
JOB_METHODS = "GET, HEAD, OPTIONS"
ACT_METHODS = "POST, OPTIONS"


class AnswerWithTopic(Protocol):
    """Reads a topic by the technique that a request asks for; given by whoever wires the paths."""

    async def __call__(self, request: HttpRequest, name: str, *, since: str, until: str) -> HttpResponseBase:
        """The topic ``name`` after the event ``since``, up to one of type ``until``."""
        ...


@answers_errors
async def jobs(request: HttpRequest, *, answer_with_topic: AnswerWithTopic) -> HttpResponseBase:
    """GET lists one's own, POST starts one; with ``?follow=1`` its progress is the answer."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": LIST_METHODS})
    hub = await current_hub()
    if request.method == "POST":
        if request.content_type in FORMS:
            return await _start_from_form(request, hub)
        return await _start(request, hub, answer_with_topic)
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=LIST_METHODS)
    if wants_page(request):
        return HttpResponseRedirect(reverse("jobs-page"), status=303)
    return _json({"jobs": await hub.gateway.run(_list, request)})


def _json(answer: dict[str, Any], **more: Any) -> JsonResponse:
    headers = {"Cache-Control": "no-store", "Vary": "Accept"} | more.pop("headers", {})
    return JsonResponse(answer, headers=headers, **more)


def _list(request: HttpRequest) -> list[dict[str, Any]]:
    who = identify(request.user, request.session, request.headers)
    return list_jobs(who, everybody=request.GET.get("all") == "1")


async def _start(request: HttpRequest, hub: Hub, answer_with_topic: AnswerWithTopic) -> HttpResponseBase:
    if request.content_type != "application/json":
        raise UnsupportedMediaType(f"Content-Type {request.content_type!r:.100} is not read here (application/json)")
    limit = hub.settings.max_event_bytes
    if len(request.body) > limit:
        raise TooLarge(f"the body has {len(request.body)} bytes (limit {limit})")
    given = decode_json(request.body, max_depth=hub.settings.max_json_depth)
    if not isinstance(given, dict):
        raise InvalidInput(f"a job is an object with kind and params, not {type(given).__name__}")
    if unknown := sorted(given.keys() - {"kind", "params"}):
        raise InvalidInput(f"a job has no field {unknown[0]!r:.60} (kind, params)")
    hub.check_open()
    kind = kind_named(given.get("kind"))
    job = await _begin(request, hub, kind, kind.read_params(given.get("params", {})))
    told = as_json(job)
    if request.GET.get("follow") != "1":
        return _json(
            {"id": told["id"], "topic": told["topic"], "url": told["url"]},
            status=202,
            headers={"Location": told["url"]},
        )
    answer = await answer_with_topic(request, job.topic, since=str(job.begin_seq - 1), until=END)
    answer.headers.setdefault("Location", told["url"])
    return answer


async def _begin(request: HttpRequest, hub: Hub, kind: Kind, params: dict[str, Any]) -> Job:
    key = check_key(request.headers.get("Idempotency-Key"))

    def begin() -> Job:
        who = identify(request.user, request.session, request.headers)
        check_owner(who)
        registry.admit(who, request.META.get("REMOTE_ADDR", ""))
        return start_job(who, kind, params, key=key)

    job = await hub.gateway.run(begin)
    (await current_jobs()).wake()
    return job


async def _start_from_form(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    """Back to the page, which says what was wrong if something was; a script is answered in JSON."""
    try:
        kind = kind_named(request.POST.get("kind"))
        texts = {parameter: request.POST.get(field_name(parameter)) for parameter in kind.parameters}
        fields = {parameter.name: parameter.read_field(text) for parameter, text in texts.items()}
        job = await _begin(request, hub, kind, kind.read_params(fields))
    except StreamsError as error:
        if not wants_page(request):
            raise
        return await hub.gateway.run(_page, request, problem=str(error), status=error.status)
    if wants_page(request):
        return HttpResponseRedirect(reverse("jobs-page"), status=303)
    return _json(as_json(job), status=202)


async def page(request: HttpRequest) -> HttpResponseBase:
    """The forms, and one's own jobs, live."""
    hub = await current_hub()
    return await hub.gateway.run(_page, request)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponseBase:
    if guests_allowed() and not request.user.is_authenticated:
        welcome_guest(request.session)
    who = identify(request.user, request.session, {})
    try:
        check_owner(who)
    except NotSignedIn:
        return redirect_to_login(reverse("jobs-page"))
    context = page_context(who, request.POST.dict()) | {"problem": problem}
    return render(request, "streams/jobs/index.html", context, status=status)


@answers_errors
async def job(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """One job as it is now."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": JOB_METHODS})
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=JOB_METHODS)
    hub = await current_hub()
    found = await hub.gateway.run(_on_job, request, job_id, lambda job: job)
    if wants_page(request):
        return HttpResponseRedirect(f"{reverse('jobs-page')}#job-{job_id}", status=303)
    return _json(as_json(found))


@answers_errors
async def cancel(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Cancel it; one that is over, or is being cancelled, is answered as it is."""
    return await _act(request, job_id, cancel_job, lambda runner: runner.cancel(job_id))


@answers_errors
async def retry(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Have it tried again; one that waits or runs is answered as it is."""
    return await _act(request, job_id, retry_job, JobRunner.wake)


async def _act(
    request: HttpRequest, job_id: UUID, act: Callable[[Job], Job], then: Callable[[JobRunner], None]
) -> HttpResponseBase:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": ACT_METHODS})
    if request.method != "POST":
        raise MethodNotAllowed(request.method, allow=ACT_METHODS)
    hub = await current_hub()
    changed = await hub.gateway.run(_on_job, request, job_id, act)
    then(await current_jobs())
    if wants_page(request):
        return HttpResponseRedirect(reverse("jobs-page"), status=303)
    return _json(as_json(changed))


def _on_job(request: HttpRequest, job_id: UUID, act: Callable[[Job], Job]) -> Job:
    who = identify(request.user, request.session, request.headers)
    return act(job_to_change(who, job_id))
