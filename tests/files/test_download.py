"""Having a file: its answers, its headers, and what it costs while nobody reads."""

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.http import http_date

from streams.files.download import FileShrank
from streams.models import File
from streams.publishing import Identity
from streams.storage import add_file
from streams.storage.disk import path_of
from tests.harness.asgi import Exchange

CONTENT = bytes(range(256)) * 4_096  # 1 MiB: four chunks


@pytest.fixture
def put(hub, tmp_path):
    """``file = await put("a.bin", b"…")``: a file that members may have."""

    async def put_in(name, content=CONTENT, **options):
        path = tmp_path / "source"
        path.write_bytes(content)
        who = Identity("user", "u:1", "Alice", may_upload=True)
        return await hub.gateway.run(lambda: add_file(who, path, name, **options))

    return put_in


async def test_the_whole_file_with_all_that_a_client_needs_to_know(ask, put):
    file = await put("größe.csv")
    answer = await ask("GET", "/files/größe.csv")
    assert (answer.status, answer.content) == (200, CONTENT)
    headers = answer.headers
    assert headers["content-type"] == "text/csv"
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["accept-ranges"] == "bytes"
    assert headers["etag"] == f'"{file.pk.hex}"'
    assert headers["content-disposition"] == "attachment; filename=\"groe.csv\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    assert headers["cache-control"] == "private, no-cache"
    assert "content-encoding" not in headers


async def test_a_date_is_told_once_its_second_is_over(hub, ask, put):
    file = await put("a")
    then = timezone.now() - timedelta(seconds=5)
    await hub.gateway.run(lambda: File.objects.filter(pk=file.pk).update(created_at=then))
    answer = await ask("GET", "/files/a")
    assert answer.headers["last-modified"] == http_date(int(then.timestamp()))
    again = await ask("GET", "/files/a", {"If-Range": answer.headers["last-modified"], "Range": "bytes=0-4"})
    assert again.status == 206


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.tar.gz", "a.js"])
async def test_what_could_run_is_saved_and_runs_nothing(ask, put, name):
    await put(name, b"<script>alert(1)</script>")
    answer = await ask("GET", f"/files/{name}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert "content-encoding" not in answer.headers


async def test_a_part_over_the_edges_of_chunks(ask, put):
    await put("a")
    for start, end in [(0, 0), (262_143, 262_144), (262_144, 524_287), (1, 1_048_575), (1_048_575, 1_048_575)]:
        answer = await ask("GET", "/files/a", {"Range": f"bytes={start}-{end}"})
        assert (answer.status, answer.content) == (206, CONTENT[start : end + 1])
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(CONTENT)}"
        assert answer.headers["content-length"] == str(end + 1 - start)


async def test_304_and_416_tell_what_they_must_and_have_no_file_in_them(ask, put):
    await put("a")
    whole = await ask("GET", "/files/a")
    same = await ask("GET", "/files/a", {"If-None-Match": whole.headers["etag"]})
    assert (same.status, same.content) == (304, b"")
    for name in ("etag", "cache-control"):
        assert same.headers[name] == whole.headers[name]
    assert "content-length" not in same.headers
    beyond = await ask("GET", "/files/a", {"Range": "bytes=1048576-"})
    assert beyond.status == 416
    assert beyond.headers["content-range"] == "bytes */1048576"
    assert b"behind the end: 1048576 bytes" in beyond.content
    changed = await ask("GET", "/files/a", {"If-Match": '"x"'})
    assert changed.status == 412


async def test_an_empty_file(ask, put):
    await put("empty", b"")
    answer = await ask("GET", "/files/empty", {"Range": "bytes=0-"})
    assert (answer.status, answer.content, answer.headers["content-length"]) == (200, b"", "0")


MISSING = ["/files/no", "/files/..", "/files/.%2e", "/files/a\0b", "/files/" + "n" * 300, "/files/%2fetc%2fpasswd"]


@pytest.mark.parametrize("path", MISSING)
async def test_what_is_no_file_is_404(ask, put, path):
    await put("a")
    assert (await ask("GET", path)).status == 404


@pytest.mark.parametrize("instead", ["link", "fifo", "folder", "nothing"])
async def test_bytes_that_something_else_has_taken_the_place_of_are_not_served(ask, put, tmp_path, instead):
    file = await put("a")
    path = path_of(file.pk)
    path.unlink()
    if instead == "link":
        path.symlink_to(tmp_path / "source")
    elif instead == "fifo":
        os.mkfifo(path)
    elif instead == "folder":
        path.mkdir()
    async with asyncio.timeout(5):
        assert (await ask("GET", "/files/a")).status in (400, 404)


async def test_one_that_may_not_be_had_answers_like_a_missing_one(ask, put):
    await put("secret", visibility="private")
    secret, missing = await ask("GET", "/files/secret"), await ask("GET", "/files/missing")
    assert (secret.status, secret.content.replace(b"secret", b"missing")) == (404, missing.content)


async def test_nobody_is_asked_to_sign_in(hub, ask, put, settings):
    settings.DEBUG = False
    await put("a")
    refused = await ask("GET", "/files/a", who={})
    assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer realm="streams"')
    page = await ask("GET", "/files/a", {"Accept": "text/html"}, who={})
    assert (page.status, page.headers["location"]) == (302, "/login/?next=/files/a")


async def test_a_file_that_shrinks_meanwhile_is_cut_and_never_padded(hub, token, put):
    file = await put("a", os.urandom(16 * 1_048_576))
    answer = Exchange("GET", "/files/a", headers=token)
    async with answer:
        assert answer.headers["content-length"] == str(16 * 1_048_576)
        seen = len(await answer.chunk())
        os.truncate(path_of(file.pk), 8 * 1_048_576)
        with pytest.raises(FileShrank, match="of 16777216 that were announced"):
            while chunk := await answer.chunk():
                seen += len(chunk)
        assert seen <= 8 * 1_048_576
        answer.task = asyncio.get_running_loop().create_task(asyncio.sleep(0))


async def test_it_reads_one_chunk_ahead_and_closes_the_descriptor_on_every_way_out(hub, token, put):
    file = await put("a", os.urandom(32 * 1_048_576))
    for _ in range(20):
        async with Exchange("GET", "/files/a", headers=token) as answer:
            await answer.chunk()
    for _ in range(20):
        async with Exchange("GET", "/files/a", headers=token):
            pass  # not one byte was asked for
    for headers in ({"If-None-Match": "*"}, {"Range": "bytes=99999999999-"}):
        async with Exchange("GET", "/files/a", headers=token | headers) as answer:
            await answer.body()
    async with Exchange("HEAD", "/files/a", headers=token) as answer:
        await answer.body()
    assert descriptors_of(path_of(file.pk)) == 0


def descriptors_of(path):
    """How many descriptors this process has of a file."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            links.append(os.readlink(f"/proc/self/fd/{number}"))
    return links.count(str(path))


async def test_nginx_is_told_where_it_lies(hub, ask, put):
    hub.settings = replace(hub.settings, accel_prefix="/protected")
    file = await put("a.csv")
    answer = await ask("GET", "/files/a.csv")
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["x-accel-redirect"] == f"/protected/{file.pk.hex[:2]}/{file.pk.hex}"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert (await ask("GET", "/files/missing")).status == 404


async def test_an_upload_that_is_not_finished_can_not_be_had(hub, ask):
    await hub.gateway.run(lambda: File.objects.create(name="half", size=5, owner="u:1", expires_at="2099-01-01T00:00Z"))
    assert (await ask("GET", "/files/half")).status == 404
