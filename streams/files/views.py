"""``/files/`` and ``/files/<name>``: the list, a form to add to it, and each file."""

import asyncio
from functools import partial
from typing import IO, Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse

from streams.connections import registry
from streams.errors import InvalidInput, MethodNotAllowed, NotSignedIn, StreamsError
from streams.files.download import answer_with_file
from streams.files.listing import as_json, list_context, list_files
from streams.http.body import body_of
from streams.http.errors import answers_errors, wants_page
from streams.hub import Hub, current_hub
from streams.models import File
from streams.publishing import Identity, identify
from streams.storage import (
    begin_file,
    check_upload,
    check_visibility,
    delete_file,
    drop_partial,
    file_to_change,
    file_to_read,
    take_bytes,
)

LIST_METHODS = "GET, HEAD, POST, OPTIONS"
FILE_METHODS = "GET, HEAD, PUT, DELETE, OPTIONS"


@answers_errors
async def files(request: HttpRequest) -> HttpResponseBase:
    """The list: a page for people, JSON for programs; POST adds the files of a form."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": LIST_METHODS})
    hub = await current_hub()
    if request.method == "POST":
        return await _add_from_form(request, hub)
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=LIST_METHODS)
    query = {"search": request.GET.get("q", ""), "page": request.GET.get("page", "")}
    if wants_page(request):
        return await hub.gateway.run(_page, request, query)
    who, listed = await hub.gateway.run(_listed, request, query)
    answer = {"files": [as_json(file, who) for file in listed.files], "next_page": listed.next_page}
    return JsonResponse(answer, headers={"Cache-Control": "no-store", "Vary": "Accept"})


def _listed(request: HttpRequest, query: dict[str, str]) -> Any:
    who = identify(request.user, request.session, request.headers)
    return who, list_files(who, **query)


def _page(request: HttpRequest, query: dict[str, str], *, problem: str = "", status: int = 200) -> HttpResponse:
    who, listed = _listed(request, query)
    context = list_context(who, listed) | {"problem": problem, "search": query["search"]}
    response = render(request, "streams/files/index.html", context, status=status)
    response.headers["Vary"] = "Accept"
    return response


@answers_errors
async def file(request: HttpRequest, name: str) -> HttpResponseBase:
    """One file: GET and HEAD have it, PUT sends it whole, DELETE takes it away."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": FILE_METHODS})
    hub = await current_hub()
    if request.method in ("GET", "HEAD"):
        try:
            return await answer_with_file(request, hub, partial(_to_read, request, name))
        except NotSignedIn:
            if wants_page(request):
                return redirect_to_login(request.get_full_path())
            raise
    if request.method == "PUT":
        return await _put(request, hub, name)
    if request.method == "DELETE":
        await hub.gateway.run(_delete, request, name)
        return HttpResponse(status=204)
    raise MethodNotAllowed(request.method, allow=FILE_METHODS)


def _to_read(request: HttpRequest, name: str) -> tuple[Identity, File]:
    who = identify(request.user, request.session, request.headers)
    return who, file_to_read(who, name)


def _delete(request: HttpRequest, name: str) -> None:
    who = identify(request.user, request.session, request.headers)
    delete_file(file_to_change(who, name=name))


async def _put(request: HttpRequest, hub: Hub, name: str) -> HttpResponseBase:
    """``curl -T``: one of the same name and owner gives way. Larger ones than a request may be go to ``/uploads/``."""
    if "Content-Range" in request.headers:
        raise InvalidInput("a part of a file can't be PUT here: resumable uploads go to /uploads/")
    source, size = body_of(request)
    words = {name: request.GET.get(name) for name in ("visibility", "room")}
    who, begun = await hub.gateway.run(_begin, request, name, size, words)
    taken = await _take(begun, source, replacing=True)
    return JsonResponse(as_json(taken, who), status=201, headers={"Location": taken.url})


def _begin(request: HttpRequest, name: str, size: int, words: Any) -> tuple[Identity, File]:
    who = identify(request.user, request.session, request.headers)
    check_upload(who)
    registry.admit(who, request.META.get("REMOTE_ADDR", ""))
    visibility, room = check_visibility(words.get("visibility"), words.get("room"), who)
    return who, begin_file(who, name, size, visibility=visibility, room=room)


async def _take(begun: File, source: IO[bytes], *, replacing: bool) -> File:
    """All of the bytes, or nothing is left of the attempt."""
    hub = await current_hub()
    try:
        return await hub.bulk.run(take_bytes, begun, 0, source, replacing=replacing)
    except BaseException:
        await asyncio.shield(hub.gateway.run(drop_partial, begun))
        raise


async def _add_from_form(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    """``multipart/form-data`` with any number of ``file`` fields: without JavaScript, or ``curl -F``."""
    page = wants_page(request)
    try:
        sent, words = await asyncio.to_thread(_read_form, request)
        if not sent:
            raise InvalidInput("the form has no file (a field named file, of multipart/form-data)")
        added = [await _add_one(request, hub, one, words) for one in sent]
    except StreamsError as error:
        if not page:
            raise
        empty = {"search": "", "page": ""}
        return await hub.gateway.run(_page, request, empty, problem=str(error), status=error.status)
    if page:
        return HttpResponseRedirect(reverse("files"), status=303)
    return JsonResponse({"files": [as_json(file, who) for who, file in added]}, status=201)


def _read_form(request: HttpRequest) -> tuple[list[Any], dict[str, Any]]:
    try:
        return request.FILES.getlist("file"), request.POST.dict()
    except (SuspiciousOperation, MultiPartParserError) as error:  # Django would answer with a page
        raise InvalidInput(f"the form can't be read: {error!s:.200}") from None


async def _add_one(request: HttpRequest, hub: Hub, one: Any, words: dict[str, str]) -> tuple[Identity, File]:
    who, begun = await hub.gateway.run(_begin, request, one.name or "", one.size or 0, words)
    return who, await _take(begun, cast(IO[bytes], one.file), replacing=False)
