"""``/uploads/``: uploads in pieces that survive a cut, a restart and a night.  Source: tus 1.0.0, tus.io/protocols.

The core protocol and the extensions creation, termination, expiration and checksum. A file appears in the list when its
last byte has come; the header ``Streams-File`` then says where.
"""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import http_date

from streams.conf import get_settings
from streams.connections import registry
from streams.errors import (
    Forbidden,
    InvalidInput,
    MethodNotAllowed,
    StreamsError,
    UnsupportedMediaType,
    UnsupportedVersion,
)
from streams.http.body import body_of
from streams.http.errors import error_response
from streams.hub import current_hub
from streams.models import File
from streams.publishing import identify
from streams.storage import (
    begin_file,
    check_upload,
    check_visibility,
    drop_partial,
    file_to_change,
    finish_file,
    take_bytes,
)

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256", "md5")
COLLECTION, ONE = "POST, OPTIONS", "HEAD, PATCH, DELETE, OPTIONS"
MAX_DIGITS = 18


async def uploads(request: HttpRequest) -> HttpResponseBase:
    """POST begins an upload, OPTIONS tells what is spoken here."""
    return await _answer(request, None)


async def upload(request: HttpRequest, upload_id: str) -> HttpResponseBase:
    """HEAD tells how much is there, PATCH adds to it, DELETE gives it up."""
    return await _answer(request, upload_id)


async def _answer(request: HttpRequest, upload_id: str | None) -> HttpResponseBase:
    method = request.method or ""
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", method).upper()
    try:
        response = await _dispatch(request, method, upload_id)
    except StreamsError as error:
        response = error_response(error)
        if isinstance(error, UnsupportedVersion):
            response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    return response


async def _dispatch(request: HttpRequest, method: str, upload_id: str | None) -> HttpResponse:
    allow = COLLECTION if upload_id is None else ONE
    if method == "OPTIONS":
        return HttpResponse(status=204, headers=_spoken() | {"Allow": allow})
    if method not in allow.split(", "):
        raise MethodNotAllowed(method, allow=allow)
    if (version := request.headers.get("Tus-Resumable")) != VERSION:
        raise UnsupportedVersion(f"Tus-Resumable is {version!r:.40} ({VERSION} is spoken here)")
    hub = await current_hub()
    if upload_id is None:
        begun = await hub.gateway.run(_begin, request)
        return HttpResponse(status=201, headers=_place(begun) | {"Location": _url(begun)})
    file = await hub.gateway.run(_find, request, upload_id)
    if method == "HEAD":
        return HttpResponse(status=200, headers=_place(file) | {"Upload-Length": str(file.size)} | _metadata_of(file))
    if method == "DELETE":
        if file.is_whole or not await hub.gateway.run(drop_partial, file):
            raise Forbidden(f"this upload is finished: it is the file {file.url} now")
        return HttpResponse(status=204)
    return await _patch(request, file)


async def _patch(request: HttpRequest, file: File) -> HttpResponse:
    if request.content_type != PIECE:
        raise UnsupportedMediaType(f"Content-Type {request.content_type!r:.100} is not read here ({PIECE})")
    offset, checksum = _number(request, "Upload-Offset"), _checksum(request)
    source, size = body_of(request)
    hub = await current_hub()
    if file.is_whole and offset == file.size and not size:
        return HttpResponse(status=204, headers=_place(file))
    taken = await hub.bulk.run(take_bytes, file, offset, source, checksum=checksum)
    return HttpResponse(status=204, headers=_place(taken))


def _spoken() -> dict[str, str]:
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,termination,expiration,checksum",
        "Tus-Max-Size": str(get_settings().max_file_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def _begin(request: HttpRequest) -> File:
    who = identify(request.user, request.session, request.headers)
    check_upload(who)
    registry.admit(who, request.META.get("REMOTE_ADDR", ""))
    if "Upload-Defer-Length" in request.headers:
        raise InvalidInput("Upload-Length is needed: uploads of unknown length are not taken")
    size, words = _number(request, "Upload-Length"), _metadata(request.headers.get("Upload-Metadata", ""))
    visibility, room = check_visibility(words.get("visibility"), words.get("room"), who)
    begun = begin_file(who, words.get("filename") or words.get("name", ""), size, visibility=visibility, room=room)
    return begun if size else finish_file(begun)


def _find(request: HttpRequest, upload_id: str) -> File:
    who = identify(request.user, request.session, request.headers)
    return file_to_change(who, upload=upload_id)


def _url(file: File) -> str:
    return reverse("upload", args=[file.pk])


def _place(file: File) -> dict[str, str]:
    """Where the upload stands, until when, and once it is whole where the file is."""
    headers = {"Upload-Offset": str(file.received)}
    if file.expires_at is not None:
        return headers | {"Upload-Expires": http_date(file.expires_at.timestamp())}
    return headers | {"Streams-File": file.url}


def _number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidInput(f"{name} must be a number of bytes, not {text!r:.40}")
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """``filename d29ybGQ=,flag``: base64 after each name, or nothing."""
    words: dict[str, str] = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            words[name] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError:
            raise InvalidInput(f"Upload-Metadata: the value of {name!r:.40} is no base64 of UTF-8") from None
    return words


def _metadata_of(file: File) -> dict[str, str]:
    return {"Upload-Metadata": f"filename {base64.b64encode(file.name.encode()).decode()}"}


def _checksum(request: HttpRequest) -> Any:
    """``Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=``; None where there is none."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, text = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise InvalidInput(f"checksums by {algorithm!r:.40} are not known here ({', '.join(ALGORITHMS)})")
    try:
        return algorithm, base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidInput(f"Upload-Checksum {text!r:.60} is no base64") from None
