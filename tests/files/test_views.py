"""The list, the form, PUT and DELETE."""

import asyncio

import pytest

from streams.management.commands.addfile import OPERATOR
from streams.models import File, Room, Topic
from streams.publishing import create_token
from streams.storage import add_file
from streams.storage.disk import path_of

LIMIT = 16_777_216


def form(*files, **fields):
    """The body of a form and its headers."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in fields.items()]
    parts += [
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n{text}"
        for name, text in files
    ]
    body = "".join(f"--edge\r\n{part}\r\n" for part in parts) + "--edge--\r\n"
    return {"Content-Type": "multipart/form-data; boundary=edge"}, body.encode()


async def names(ask, **query):
    return [file["name"] for file in (await (await _listed(ask, **query)).json_of())["files"]]


async def _listed(ask, **query):
    answer = await ask("GET", "/files/", query=query)

    async def json_of():
        import json

        return json.loads(answer.content)

    answer.json_of = json_of
    return answer


async def test_what_is_put_is_listed_and_had(ask):
    made = await ask("PUT", "/files/plan.txt", body=b"one")
    assert (made.status, made.headers["location"]) == (201, "/files/plan.txt")
    assert b'"size": 3' in made.content
    assert await names(ask) == ["plan.txt"]
    assert (await ask("GET", "/files/plan.txt")).content == b"one"


async def test_a_name_that_no_disk_would_take_becomes_another(ask):
    made = await ask("PUT", "/files/CON.txt.", body=b"one")
    assert made.headers["location"] == "/files/_CON.txt"


async def test_put_again_replaces_ones_own_and_a_reader_can_tell(hub, ask, monkeypatch):
    await ask("PUT", "/files/a", body=b"one")
    made = (await hub.gateway.run(File.objects.get)).created_at.timestamp()
    monkeypatch.setattr("streams.files.download.time", lambda: int(made) + 0.999)
    first = await ask("GET", "/files/a")
    monkeypatch.setattr("streams.files.download.time", lambda: int(made) + 1)
    assert "last-modified" in (await ask("GET", "/files/a")).headers
    await ask("PUT", "/files/a", body=b"two")
    second = await ask("GET", "/files/a", {"If-Range": first.headers["etag"], "Range": "bytes=1-"})
    assert (second.status, second.content) == (200, b"two")
    assert "last-modified" not in first.headers  # in its first second a date can't tell it from the next
    assert await names(ask) == ["a"]


async def test_another_s_is_neither_replaced_nor_deleted(hub, ask):
    await ask("PUT", "/files/a", body=b"one")
    text = await hub.gateway.run(lambda: create_token(name="other", files=True)[1])
    other = {"Authorization": f"Bearer {text}"}
    assert (await ask("PUT", "/files/a", body=b"two", who=other)).headers["location"] == "/files/a%20%282%29"
    refused = await ask("DELETE", "/files/a", who=other)
    assert (refused.status, b"is of uploader" in refused.content) == (403, True)
    assert (await ask("GET", "/files/a")).content == b"one"


async def test_delete_takes_the_row_and_the_bytes(hub, ask):
    await ask("PUT", "/files/a", body=b"one")
    file = await hub.gateway.run(File.objects.get)
    assert (await ask("DELETE", "/files/a")).status == 204
    assert not path_of(file.pk).exists()
    assert (await ask("DELETE", "/files/a")).status == 404


async def test_a_body_above_the_limit_is_refused_before_it_is_read(ask, hub):
    answer = await ask("PUT", "/files/a", {"Content-Length": "10000000000"}, body=b"x")
    assert answer.status == 413
    assert b"at least 10000000000 bytes (limit 16777216)" in answer.content
    assert not await hub.gateway.run(File.objects.exists)


async def test_a_body_that_says_no_length_is_counted(ask):
    answer = await ask("PUT", "/files/a", {"Content-Length": "5"}, body=b"x" * (LIMIT + 1))
    assert answer.status == 413


async def test_a_part_can_not_be_put(ask):
    answer = await ask("PUT", "/files/a", {"Content-Range": "bytes 0-2/10"}, body=b"one")
    assert (answer.status, b"/uploads/" in answer.content) == (400, True)


async def test_a_form_adds_several(ask):
    headers, body = form(("a.txt", "one"), ("b.txt", "two"), ("a.txt", "three"), visibility="public")
    answer = await ask("POST", "/files/", headers, body)
    assert answer.status == 201
    assert set(await names(ask)) == {"a.txt", "b.txt", "a (2).txt"}
    assert (await ask("GET", "/files/b.txt", who={})).content == b"two"  # everyone may have it


async def test_a_form_without_a_file_is_told_so_on_the_page_and_to_a_program(ask):
    headers, body = form(visibility="public")
    assert b"no file" in (await ask("POST", "/files/", headers, body)).content
    page = await ask("POST", "/files/", headers | {"Accept": "text/html"}, body)
    assert (page.status, b'role="alert">the form has no file' in page.content) == (400, True)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_other_methods_are_told_what_there_is(ask, method):
    answer = await ask(method, "/files/")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert (await ask("OPTIONS", "/files/a")).headers["allow"] == "GET, HEAD, PUT, DELETE, OPTIONS"


async def test_a_form_of_more_files_than_anybody_needs_is_told_so_in_json(ask):
    headers, body = form(*((str(number), "x") for number in range(1_001)))
    answer = await ask("POST", "/files/", headers, body)
    assert (answer.status, b'"code": "invalid"' in answer.content) == (400, True)


async def test_nobody_deletes_what_the_operator_added(hub, ask, settings, tmp_path):
    settings.DEBUG = False
    (tmp_path / "a").write_text("x")
    await hub.gateway.run(lambda: add_file(OPERATOR, tmp_path / "a", visibility="public"))
    assert (await ask("DELETE", "/files/a", who={})).status == 401
    assert (await ask("DELETE", "/files/a")).status == 403
    assert b'"mine": false' in (await ask("GET", "/files/", who={})).content
    assert (await ask("GET", "/files/a", who={})).content == b"x"


async def test_while_it_is_replaced_a_file_is_never_missing(ask):
    await ask("PUT", "/files/a", body=b"0" * 100_000)
    done = False

    async def replace():
        nonlocal done
        for number in range(1, 30):
            assert (await ask("PUT", "/files/a", body=str(number % 10).encode() * 100_000)).status == 201
        done = True

    async def have():
        while not done:
            answer = await ask("GET", "/files/a")
            assert answer.status == 200
            assert len(set(answer.content)) == 1

    async with asyncio.TaskGroup() as group:
        group.create_task(replace())
        for _ in range(3):
            group.create_task(have())


async def test_a_name_longer_than_any_is_looked_for_in_vain(ask):
    assert await names(ask, q="_" * 5_000) == []


async def test_who_may_not_add_is_told(hub, ask):
    text = await hub.gateway.run(lambda: create_token(name="reader", read=["*"])[1])
    for who, status in (({"Authorization": f"Bearer {text}"}, 403), ({}, 401)):
        assert (await ask("PUT", "/files/a", body=b"x", who=who)).status == status
    assert not await hub.gateway.run(File.objects.exists)


async def test_a_file_of_a_room_is_for_those_who_may_read_it(hub, ask):
    def make():
        Room.objects.create(slug="r", title="R", topic=Topic.objects.create(name="room:r", visibility="private"))
        return [create_token(name="it", files=files, read=["room:r"])[1] for files in (True, False)]

    owner, reader = ({"Authorization": f"Bearer {text}"} for text in await hub.gateway.run(make))
    assert (await ask("PUT", "/files/a", body=b"x", who=owner, query={"room": "r"})).status == 201
    assert (await ask("GET", "/files/a", who=reader)).content == b"x"
    assert (await ask("GET", "/files/a")).status == 404
    refused = await ask("PUT", "/files/b", body=b"x", query={"room": "r"})
    assert (refused.status, b"no room 'r'" in refused.content) == (400, True)


async def test_pages_of_the_list_and_what_is_looked_for(hub, ask, monkeypatch):
    monkeypatch.setattr("streams.files.listing.PAGE_FILES", 2)
    monkeypatch.setattr("streams.files.listing.SCAN_FILES", 3)
    for number in range(5):
        await ask("PUT", f"/files/{number}.txt", body=b"")
        await ask("PUT", f"/files/hidden-{number}", body=b"", query={"visibility": "private"})
    text = await hub.gateway.run(lambda: create_token(name="other", files=True)[1])
    seen, page = [], ""
    while page is not None:
        answer = await ask("GET", "/files/", query={"page": page}, who={"Authorization": f"Bearer {text}"})
        import json

        found = json.loads(answer.content)
        seen.append([file["name"] for file in found["files"]])
        page = found["next_page"]
    assert [name for names in seen for name in names] == [f"{number}.txt" for number in reversed(range(5))]
    assert all(len(names) <= 2 for names in seen)
    assert await names(ask, q="3.TX") == ["3.txt"]
    assert (await ask("GET", "/files/", query={"page": "-1"})).status == 400
