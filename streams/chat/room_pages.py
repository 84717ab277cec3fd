"""``/rooms/new``, ``/rooms/<slug>/settings`` and ``/rooms/join/<secret>``: forms that need no JavaScript."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from streams.chat.invitations import accept, invited_to
from streams.chat.making import direct_room, make_room, may_make
from streams.chat.model import check_model, current_runner
from streams.chat.people_page import people_context
from streams.chat.room_forms import ACTS, changes_of, new_room
from streams.chat.rooms import room_to_read
from streams.connections import current_peer
from streams.errors import InvalidInput, LimitReached, NoSuchTopic, NotSignedIn, StreamsError
from streams.http.errors import page_not_found
from streams.hub import current_hub
from streams.models import Room
from streams.publishing import Identity, allowances, identify


def _who(request: HttpRequest) -> Identity:
    return identify(request.user, request.session, {})


async def _in_a_thread(
    request: HttpRequest, page: Callable[..., HttpResponseBase], *, problem: StreamsError | None = None
) -> HttpResponseBase:
    """What ``page(request, problem=…)`` answers; a form that is sent is counted as a message is.

    problem: why nothing is done, and what the page says instead.
    """
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    hub = await current_hub()
    if request.method == "POST" and problem is None:
        who = await hub.gateway.run(_who, request)
        try:
            allowances(hub).messages.take(who.account(current_peer().address))
        except LimitReached as error:
            problem = error
    response = await hub.gateway.run(partial(page, request, problem=problem))
    response.headers["Cache-Control"] = "no-store"
    return response


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    return redirect_to_login(request.get_full_path())


async def new_page(request: HttpRequest) -> HttpResponseBase:
    """Make a room, or talk to one person."""
    return await _in_a_thread(request, _new)


def _new(request: HttpRequest, *, problem: StreamsError | None) -> HttpResponseBase:
    who = _who(request)
    if who.kind != "user":
        return _to_sign_in(request)
    fields = request.POST
    if request.method == "POST" and problem is None:
        try:
            if fields.get("do") == "direct":
                room, _ = direct_room(who, fields.get("user"))
            else:
                room = make_room(who, **new_room(fields))
            return HttpResponseRedirect(reverse("room", args=[room.slug]), status=303)
        except StreamsError as error:
            problem = error
    context = {"fields": fields, "problem": problem, "may_make": may_make(who)}
    return render(request, "streams/chat/new_room.html", context, status=_status(problem))


async def settings_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What the room is, and who is in it; its owners change that here, the others see it and may leave."""
    runner = await current_runner()
    listing = await runner.provider.catalogue.current()
    problem: StreamsError | None = None
    if request.method == "POST" and request.POST.get("do") == "change":
        try:
            await check_model(runner.provider, request.POST.get("model"))
        except InvalidInput as error:
            problem = error
    return await _in_a_thread(request, partial(_settings, slug=slug, models=listing.models), problem=problem)


def _settings(request: HttpRequest, *, slug: str, models: Any, problem: StreamsError | None) -> HttpResponseBase:
    who = _who(request)
    try:
        room = room_to_read(who, slug)
    except NotSignedIn:
        return _to_sign_in(request)
    except NoSuchTopic as error:
        return page_not_found(request, error)
    if request.method == "POST" and problem is None:
        try:
            return _done(request, room, who)
        except StreamsError as error:
            problem = error
    context = people_context(room, who, find=request.GET.get("find", "")) | {"models": models, "problem": problem}
    if room.invitation:
        context["link"] = request.build_absolute_uri(reverse("room-join", args=[room.invitation]))
    if problem is not None and request.POST.get("do") == "change":
        for name, value in changes_of(request.POST, room).items():
            setattr(room, name, value)  # as it was typed; it is not saved
    return render(request, "streams/chat/settings.html", context, status=_status(problem))


def _done(request: HttpRequest, room: Room, who: Identity) -> HttpResponseBase:
    """Do what the form says, and lead back. Raises StreamsError."""
    name = request.POST.get("do", "")
    if name not in ACTS:
        raise InvalidInput(f"no form does {name!r:.30} ({', '.join(ACTS)})")
    ACTS[name].perform(room, who, request.POST)
    messages.success(request, ACTS[name].done)
    try:
        room_to_read(who, room.slug)
        page = reverse("room-settings", args=[room.slug])
    except StreamsError:  # they have left
        page = reverse("rooms-new")
    return HttpResponseRedirect(page, status=303)


async def join_page(request: HttpRequest, secret: str) -> HttpResponseBase:
    """An invitation: says to what, and has a button; whoever is not signed in is asked to."""
    return await _in_a_thread(request, partial(_join, secret=secret))


def _join(request: HttpRequest, *, secret: str, problem: StreamsError | None) -> HttpResponseBase:
    who, room = _who(request), None
    try:
        room = invited_to(secret)
        if request.method == "POST" and problem is None:
            accept(who, secret)
            return HttpResponseRedirect(reverse("room", args=[room.slug]), status=303)
        if who.kind == "user" and room.members.within().filter(person=who.id).exists():
            return HttpResponseRedirect(reverse("room", args=[room.slug]), status=303)
    except NotSignedIn:
        return _to_sign_in(request)
    except StreamsError as error:
        problem = error
    context = {"room": room, "problem": problem, "signed_in": who.kind == "user", "who": who}
    return render(request, "streams/chat/join.html", context, status=_status(problem))


def _status(problem: StreamsError | None) -> int:
    return 200 if problem is None else problem.status
