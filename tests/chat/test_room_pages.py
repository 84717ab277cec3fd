"""The pages that make a room, change it, and let people in: forms that need no JavaScript."""

import asyncio
import json
import re
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.test import AsyncClient

from streams.chat.invitations import renew_invitation
from streams.chat.listing import list_rooms
from streams.chat.making import direct_room, make_room
from streams.chat.members import invite, set_role
from streams.chat.model import close_runner
from streams.chat.people_page import people_context
from streams.chat.rooms import ensure_room
from streams.hub import close_hub, current_hub
from streams.models import Member, Message, Role, Room
from streams.publishing import publish
from tests.chat.people import user

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """Whoever asks, one request after the other, all in one loop with its hub; nobody if no name is given."""

    def __init__(self, runner, name=None, accept="text/html", **options):
        self._runner, self._client = runner, AsyncClient(**options)
        self._headers = {"accept": accept}
        if name is not None:
            user(name)
            self._client.force_login(User.objects.get(username=name))

    def get(self, path, headers=None, **options):
        return self._runner.run(self._client.get(path, headers=self._headers | dict(headers or {}), **options))

    def post(self, path, *body, headers=None, **options):
        return self._runner.run(self._client.post(path, *body, headers=self._headers | dict(headers or {}), **options))

    def put(self, path):
        return self._runner.run(self._client.put(path, headers=self._headers))


@pytest.fixture
def browser():
    """``browser("ann")``: somebody's, with whom they are signed in."""
    with asyncio.Runner() as runner:
        yield partial(Browser, runner)
        runner.run(close_runner(runner.run(current_hub())))
        runner.run(close_hub())
        runner.run(sync_to_async(connections.close_all)())  # of the thread in which Django reads sessions


@pytest.fixture
def room():
    """A room by invitation of ann's, with ben in it."""
    user("ben")
    return make_room(user("ann"), title="The den", kind="invitation", members=["ben"])


def test_a_person_makes_a_room_and_finds_one_person(browser, room):
    ann = browser("ann")
    made = ann.post("/rooms/new", {"do": "make", "title": "Tea", "kind": "public", "members": "ben, eve"})
    assert (made.status_code, "no user &#x27;eve&#x27;" in made.text, 'value="Tea"' in made.text) == (404, True, True)
    made = ann.post("/rooms/new", {"do": "make", "title": "Tea", "kind": "public", "members": " ben,\n"})
    assert (made.status_code, made["Location"]) == (303, "/rooms/tea/")
    direct = ann.post("/rooms/new", {"do": "direct", "user": "ben"})
    assert direct.status_code == 303
    assert "<title>ben ·" in ann.get(direct["Location"]).text
    assert "<title>ann ·" in browser("ben").get(direct["Location"]).text


def test_whoever_is_not_signed_in_is_led_to_sign_in(browser, room, streams_settings):
    streams_settings(guests=1)
    somebody = browser()
    for path in ("/rooms/new", f"/rooms/{room.slug}/settings"):
        answer = somebody.get(path)
        assert (answer.status_code, "/login/?next=/rooms/" in answer.get("Location", "")) in [(302, True), (404, False)]


def test_an_owner_changes_the_room_and_its_people(browser, room):
    ann, path = browser("ann"), f"/rooms/{room.slug}/settings"
    ben = Member.objects.get(name="ben").person
    fields = {"do": "change", "title": "Den", "description": "", "model": "", "system": "Be brief.", "thinking": "on"}
    for form in (
        fields,
        {"do": "role", "person": ben, "role": "reader"},
        {"do": "mute", "person": ben, "minutes": "60"},
        {"do": "link"},
    ):
        answer = ann.post(path, form)
        assert (answer.status_code, answer.get("Location")) == (303, path), form
    room.refresh_from_db()
    member = Member.objects.get(name="ben")
    assert (room.title, room.system, room.thinking) == ("Den", "Be brief.", True)
    assert (member.role, member.muted_until is not None) == (Role.READER, True)
    page = ann.get(path).text
    assert f"http://testserver/rooms/join/{room.invitation}" in page
    assert "muted until" in page


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"do": "change", "title": "", "model": "", "system": ""}, 400, "title must not be empty"),
        ({"do": "change", "title": "x", "model": "gpt"}, 400, "no model"),
        ({"do": "change", "title": "kept as typed", "system": "x" * 4001}, 413, "4001 characters (limit 4000)"),
        ({"do": "invite", "user": "nobody"}, 404, "no user"),
        ({"do": "mute", "person": "u:0", "minutes": "soon"}, 400, "minutes must be a whole number"),
        ({"do": "dance"}, 400, "no form does"),
        ({"do": "leave"}, 409, "the last owner"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_and_nothing_is_done(browser, room, form, status, told):
    answer = browser("ann").post(f"/rooms/{room.slug}/settings", form)
    assert (answer.status_code, told in answer.text) == (status, True)
    assert form.get("title", "") in answer.text
    room.refresh_from_db()
    assert room.title == "The den"


def test_a_member_sees_the_people_and_leaves(browser, room):
    ben, path = browser("ben"), f"/rooms/{room.slug}/settings"
    page = ben.get(path).text
    assert ("Invite by user name" in page, "What Claude is told" in page, "Leave the room" in page) == (
        False,
        False,
        True,
    )
    assert ben.post(path, {"do": "invite", "user": "ben"}).status_code == 403
    assert ben.post(path, {"do": "leave"}).status_code == 303
    assert ben.get(path).status_code == 404


def test_a_link_leads_in_by_a_button_and_not_by_being_opened(browser, room):
    path = f"/rooms/join/{renew_invitation(room, user('ann'))}"
    somebody, eve = browser(), browser("eve")
    assert re.search(r"The den.*Sign in", somebody.get(path).text, re.DOTALL)
    assert somebody.post(path)["Location"].startswith("/login/?next=/rooms/join/")
    assert "Join as eve" in eve.get(path).text
    assert not Member.objects.filter(name="eve").exists()
    assert eve.post(path)["Location"] == f"/rooms/{room.slug}/"
    assert eve.get(path).status_code == 303, "already in"
    assert eve.get("/rooms/join/si_nothing").status_code == 404
    set_role(room, user("ann"), person=user("eve").id, role="removed")
    refused = eve.post(path)
    assert (refused.status_code, "you were removed from The den" in refused.text) == (403, True)


def test_a_form_without_the_site_s_token_is_refused(browser, room):
    strange = browser("ann", enforce_csrf_checks=True)
    for path in ("/rooms/new", f"/rooms/{room.slug}/settings", "/rooms/join/si_x", "/rooms"):
        assert strange.post(path, {"do": "link"}).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_rooms_and_people(room, django_assert_max_num_queries):
    ann = user("ann")
    for number in range(20):
        other = user(f"other{number}")
        invite(room, ann, username=other.name)
        direct_room(ann, other.name)
    with django_assert_max_num_queries(9):
        assert len(list_rooms(ann)) == 21
    with django_assert_max_num_queries(9):
        assert len(people_context(room, ann, find="")["people"]) == 22


def test_rooms_are_listed_with_what_there_is_to_see(browser, room):
    ann, ben = user("ann"), user("ben")
    ensure_room("lobby", title="Lobby")
    for text, mentions in [("one", []), ("hey @ann", [{"id": ann.id, "name": "ann"}]), ("x" * 200, [])]:
        seq = int(publish(f"room:{room.slug}", {"text": text}).rpartition("-")[2])
        Message.objects.create(
            topic=room.topic, seq=seq, author_id=ben.id, author_name="ben", author_kind="user", text=text,
            mentions=mentions, created_at=room.created_at,
        )  # fmt: skip
    listed = browser("ann").get("/rooms", headers={"accept": "application/json"}).json()["rooms"]
    assert [one["slug"] for one in listed] == ["lobby", "the-den"]
    by = {one["slug"]: one for one in listed}
    assert (by["the-den"]["unread"], by["the-den"]["mentions"]) == (3, 1)
    assert by["the-den"]["last"]["author"] == "ben"
    assert by["the-den"]["last"]["text"] == "x" * 120
    assert by["lobby"] == {
        "slug": "lobby", "title": "Lobby", "description": "", "kind": "public", "unread": 0, "mentions": 0,
        "last": None, "present": 0,
    }  # fmt: skip
    Member.objects.filter(person=ann.id).update(read_seq=10_000)
    assert browser("ann").get("/rooms", headers={"accept": "application/json"}).json()["rooms"][-1]["unread"] == 0
    assert not Room.objects.filter(title="ben").exists()


def test_a_program_makes_rooms_in_json(browser, room):
    user("ben")
    client = browser("ann", accept="application/json")

    def post(**body):
        answer = client.post("/rooms", json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    assert post(title="Tea", kind="public") == (
        201,
        {"slug": "tea", "title": "Tea", "description": "", "kind": "public", "topic": "room:tea", "url": "/rooms/tea/"},
    )
    status, made = post(kind="direct", **{"with": "ben"})
    assert (status, post(kind="direct", **{"with": "ben"})) == (201, (200, made))
    assert made["kind"] == "direct"
    for body, told in (
        ({"title": "x", "colour": "red"}, "no field 'colour'"),
        ({"kind": "direct", "title": "x"}, "no field 'title'"),
        ({}, "title must be a string"),
    ):
        status, answer = post(**body)
        assert (status, told in answer["error"]["message"]) == (400, True), answer
    assert client.post("/rooms", "x=1", content_type="text/plain").status_code == 415
    assert client.put("/rooms").status_code == 405
    assert browser().post("/rooms", json.dumps({"title": "x"}), content_type="application/json").status_code == 401
