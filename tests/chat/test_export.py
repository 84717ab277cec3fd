"""A room as a file."""

import asyncio
import json
from contextlib import aclosing
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from streams.chat import export_views
from streams.chat.message_rows import delete_message, edit_message, react
from streams.chat.rooms import ensure_room
from streams.connections import registry
from streams.errors import StreamClosed
from streams.eventlog import reset
from streams.flow import piped
from streams.models import Generation, Message, Topic
from streams.publishing import Identity
from tests.chat.saying import put
from tests.harness.asgi import Exchange
from tests.harness.waiting import aeventually

ADA = Identity("guest", "g:ada", "Ada *Fox*", by_cookie=True)
pytestmark = pytest.mark.django_db(transaction=True)


def talk():
    room = ensure_room("lobby", title="Lobby", description="Where everybody arrives")
    first, second, third = put("lobby", ADA, "@claude hello\n# not a heading of mine", "helo", "secret")
    edit_message(room, ADA, second, "hello")
    delete_message(room, ADA, third)
    react(room, ADA, second, "👍", on=True)
    file = {"name": "a_b.txt", "size": 3, "content_type": "text/plain"}
    Message.objects.filter(seq=second).update(files=[file], reply_to=first)
    for version in (1, 2):
        (seq,) = put("lobby", ADA, "in place of an answer's start")
        Message.objects.filter(seq=seq).delete()
        Generation.objects.create(
            topic=room.topic, start_seq=seq, end_seq=seq, message_seq=first, version=version, chosen=version == 2,
            text=f"Answer {version}\n```py\nprint(1)", label="Claude", asked_by="g:ada", question="?", model="m",
            status="done" if version == 1 else "stopped", started_at=timezone.now(),
        )  # fmt: skip
    client = Client()
    client.force_login(User.objects.create_user("ann"))
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


@pytest.fixture
async def export(hub, monkeypatch):
    """``await export(format="json")``: the answer; read two items at a time. ``export.open``: while it is written."""
    monkeypatch.setattr(export_views, "PAGE", 2)
    headers = await hub.gateway.run(talk)

    def opened(slug="lobby", method="GET", **query):
        return Exchange(method, f"/rooms/{slug}/export", query=query, headers=headers)

    async def whole(*args, **query):
        async with opened(*args, **query) as answer:
            return answer.status, answer.headers, await answer.body()

    whole.open = opened
    return whole


async def test_json_has_all_of_it_with_versions_and_reactions(export):
    status, headers, body = await export(format="json")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert headers["content-disposition"].startswith('attachment; filename="lobby-')
    told = json.loads(body)
    assert (told["room"]["title"], told["topic"], told["count"]) == ("Lobby", "room:lobby", 4)
    first, second, third, answer = told["items"]
    assert first["text"].startswith("@claude hello")
    assert (second["text"], second["files"][0]["name"], second["reactions"][0]["emoji"]) == ("hello", "a_b.txt", "👍")
    assert (third["text"], bool(third["deleted"])) == ("", True)
    assert (answer["version"], [one["text"][:8] for one in answer["answers"]]) == (2, ["Answer 1", "Answer 2"])


async def test_markdown_is_for_people(export):
    status, headers, body = await export()
    text = body.decode()
    assert (status, headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    assert text.startswith("# Lobby\n\nWhere everybody arrives\n\n## 1 · Ada \\*Fox\\* · 20")
    assert "\n### not a heading of mine\n" in text
    assert "(edited, a reply to 1)\n\nhello\n\n- attached: a\\_b.txt (3 bytes)\n\n👍 1\n" in text
    assert "*deleted*" in text
    assert "secret" not in text
    assert "(m, version 2 of 2, stopped)\n\nAnswer 2\n```py\nprint(1)\n```\n" in text
    assert text.endswith("\n---\n\n4 messages and answers.\n")


async def test_an_empty_room_is_whole_too(hub, export):
    await hub.gateway.run(partial(ensure_room, "den", title="Den"))
    assert json.loads((await export("den", format="json"))[2])["items"] == []


async def test_what_may_not_be_had_is_refused(hub, export):
    assert (await export("nowhere"))[0] == 404
    status, _, body = await export(format="pdf")
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid")
    assert (await export(method="HEAD"))[2] == b""


@pytest.mark.parametrize("reads_on", [True, False], ids=["while a page is read", "while nobody takes what is written"])
async def test_who_leaves_in_the_middle_leaves_nothing_behind(hub, export, monkeypatch, reads_on):
    monkeypatch.setattr(export_views, "PAGE", 1)
    await hub.gateway.run(partial(put, "lobby", ADA, *map(str, range(40))))  # more than goes unread
    read, closed = export_views._pages, asyncio.Event()

    async def pages(*args):
        try:
            async with aclosing(read(*args)) as those:
                async for page in those:
                    yield page
        finally:
            closed.set()

    monkeypatch.setattr(export_views, "_pages", pages)
    kept = []  # no collector closes it
    monkeypatch.setattr(export_views, "piped", lambda *args: kept.append(piped(*args)) or kept[-1])
    async with export.open(format="json") as answer:
        assert (await answer.chunk()).startswith(b'{"room"')
        assert b"@claude hello" in await answer.chunk()
        assert registry.by_technique()["export"] == 1
        if not reads_on:
            await aeventually(answer.full)
        assert not closed.is_set()
    assert closed.is_set()
    assert registry.by_technique().get("export", 0) == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "piped"]
    assert json.loads((await export(format="json"))[2])["count"] == 44


async def test_half_of_it_never_looks_like_the_whole(hub, export):
    """A log that begins anew in the middle ends the file without its last line."""
    topic = await hub.gateway.run(partial(Topic.objects.get, name="room:lobby"))
    pages = export_views._pages(hub, topic)
    assert len(await anext(pages)) == 2
    await hub.gateway.run(reset, "room:lobby")
    with pytest.raises(StreamClosed):
        await anext(pages)
    await pages.aclose()
