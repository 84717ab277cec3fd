"""Uploads by tus 1.0.0: the protocol, rule by rule."""

import hashlib
from base64 import b64encode
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.utils import timezone

from streams.models import File
from streams.publishing import create_token

VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = VERSION | {"Content-Type": "application/offset+octet-stream"}


def named(name, **more):
    words = [f"{key} {b64encode(value.encode()).decode()}" for key, value in {"filename": name, **more}.items()]
    return {"Upload-Metadata": ",".join(words)}


@pytest.fixture
def begin(ask):
    """``path = await begin("a.txt", 10)``"""

    async def begun(name, size, **more):
        answer = await ask("POST", "/uploads/", VERSION | {"Upload-Length": str(size)} | named(name, **more))
        assert answer.status == 201, answer.content
        return answer.headers["location"]

    return begun


@pytest.fixture
def send(ask):
    """``answer = await send(path, 0, b"…")``"""

    async def sent(path, offset, piece, headers=None, **options):
        return await ask("PATCH", path, PIECE | {"Upload-Offset": str(offset)} | (headers or {}), piece, **options)

    return sent


async def test_what_is_spoken_here(ask):
    for path in ("/uploads/", "/uploads/00000000-0000-0000-0000-000000000000"):
        answer = await ask("OPTIONS", path, who={})
        assert answer.status == 204
        assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["tus-extension"] == "creation,termination,expiration,checksum"
        assert answer.headers["tus-max-size"] == "5000000000"
        assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


async def test_a_file_in_three_pieces(ask, begin, send):
    path = await begin("größe.txt", 9)
    for offset, piece in ((0, b"one"), (3, b"two"), (6, b"six")):
        standing = await ask("HEAD", path, VERSION)
        assert (standing.status, standing.headers["upload-offset"], standing.headers["upload-length"]) == (
            200, str(offset), "9",
        )  # fmt: skip
        assert standing.headers["cache-control"] == "no-store"
        assert "streams-file" not in standing.headers
        answer = await send(path, offset, piece)
        assert (answer.status, answer.headers["upload-offset"]) == (204, str(offset + 3))
    assert answer.headers["streams-file"] == "/files/gr%C3%B6%C3%9Fe.txt"
    assert (await ask("GET", "/files/größe.txt")).content == b"onetwosix"
    assert (await ask("HEAD", path, VERSION)).headers["upload-offset"] == "9"  # for who missed the last answer
    again = await send(path, 9, b"")
    assert (again.status, again.headers["streams-file"]) == (204, "/files/gr%C3%B6%C3%9Fe.txt")


async def test_a_file_of_nothing_is_finished_at_once(ask):
    answer = await ask("POST", "/uploads/", VERSION | {"Upload-Length": "0"} | named("empty"))
    assert (answer.status, answer.headers["streams-file"]) == (201, "/files/empty")


async def test_a_second_file_of_the_name_is_numbered(begin, send):
    assert (await send(await begin("a", 1), 0, b"x")).headers["streams-file"] == "/files/a"
    assert (await send(await begin("a", 1), 0, b"x")).headers["streams-file"] == "/files/a%20%282%29"


@pytest.mark.parametrize("offset", ["1", "4", "99999"])
async def test_another_offset_is_409_and_changes_nothing(ask, begin, send, offset):
    path = await begin("a", 9)
    await send(path, 0, b"one")
    answer = await send(path, offset, b"two")
    assert answer.status == 409
    assert f"stands at offset 3, not {offset}".encode() in answer.content
    assert (await ask("HEAD", path, VERSION)).headers["upload-offset"] == "3"


@pytest.mark.parametrize("offset", ["-1", "x", "", "1e3", "9" * 30])
async def test_what_is_no_offset_is_400(begin, send, offset):
    answer = await send(await begin("a", 9), offset, b"one")
    assert (answer.status, b"Upload-Offset must be a number of bytes" in answer.content) == (400, True)


async def test_more_than_was_announced_is_refused_whole(ask, begin, send):
    path = await begin("a", 5)
    answer = await send(path, 0, b"123456")
    assert (answer.status, b"more bytes than the 5" in answer.content) == (413, True)
    assert (await ask("HEAD", path, VERSION)).headers["upload-offset"] == "0"


@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
async def test_another_version_is_412_with_ours(ask, begin, method, version):
    path = "/uploads/" if method == "POST" else await begin("a", 5)
    answer = await ask(method, path, {"Upload-Length": "5", **version})
    assert (answer.status, answer.headers["tus-version"]) == (412, "1.0.0")


async def test_another_content_type_is_415(ask, begin):
    answer = await ask("PATCH", await begin("a", 5), VERSION | {"Upload-Offset": "0", "Content-Type": "text/csv"}, b"1")
    assert (answer.status, b"text/csv" in answer.content) == (415, True)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
async def test_a_checksum_lets_good_bytes_through_and_drops_bad_ones(ask, begin, send, algorithm):
    path = await begin("a", 6)
    digest = b64encode(hashlib.new(algorithm, b"one").digest()).decode()
    bad = await send(path, 0, b"0ne", {"Upload-Checksum": f"{algorithm} {digest}"})
    assert bad.status == 460
    assert (await ask("HEAD", path, VERSION)).headers["upload-offset"] == "0"
    assert (await send(path, 0, b"one", {"Upload-Checksum": f"{algorithm} {digest}"})).status == 204
    assert (await send(path, 3, b"two")).status == 204
    assert (await ask("GET", "/files/a")).content == b"onetwo"


@pytest.mark.parametrize("checksum", ["crc32 AAAA", "sha1", "sha1 ###", ""])
async def test_a_checksum_that_makes_no_sense_is_400(begin, send, checksum):
    path = await begin("a", 6)
    assert (await send(path, 0, b"one", {"Upload-Checksum": checksum})).status in (400, 460)


async def test_headers_that_are_no_ascii_are_400(ask, begin, send):
    answer = await ask("POST", "/uploads/", VERSION | {"Upload-Length": "5", "Upload-Metadata": "filename é"})
    assert answer.status == 400
    assert (await send(await begin("a", 6), 0, b"one", {"Upload-Checksum": "sha1 é"})).status == 400


async def test_an_upload_is_given_up(ask, begin, send):
    path = await begin("a", 5)
    assert (await ask("DELETE", path, VERSION)).status == 204
    for answer in (await ask("HEAD", path, VERSION), await send(path, 0, b"x"), await ask("DELETE", path, VERSION)):
        assert answer.status == 404
    done = await begin("b", 1)
    await send(done, 0, b"x")
    refused = await ask("DELETE", done, VERSION)
    assert (refused.status, b"/files/b" in refused.content) == (403, True)


async def test_a_proxy_that_knows_no_patch(ask, begin):
    path = await begin("a", 3)
    over = PIECE | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert (await ask("POST", path, over, b"one")).status == 204
    assert (await ask("GET", "/files/a")).content == b"one"


async def test_it_says_until_when_it_is_kept_and_each_piece_puts_that_off(hub, ask, begin, send):
    path = await begin("a", 5)
    kept = parsedate_to_datetime((await ask("HEAD", path, VERSION)).headers["upload-expires"])
    assert timedelta(minutes=50) < kept - timezone.now() < timedelta(minutes=70)  # no byte has come yet
    soon = timezone.now() + timedelta(minutes=5)
    await hub.gateway.run(lambda: File.objects.update(expires_at=soon))
    answer = await send(path, 0, b"x")
    assert parsedate_to_datetime(answer.headers["upload-expires"]) > soon + timedelta(hours=20)


REFUSED = [
    ({}, 400, b"Upload-Length must be a number"),
    ({"Upload-Length": "-5"}, 400, b"Upload-Length must be a number"),
    ({"Upload-Length": "10000000000"}, 413, b"10000000000 bytes (limit 5000000000)"),
    ({"Upload-Defer-Length": "1"}, 400, b"unknown length"),
    ({"Upload-Length": "5", "Upload-Metadata": "filename ###"}, 400, b"no base64"),
    ({"Upload-Length": "5", "Upload-Metadata": "filename /w=="}, 400, b"no base64 of UTF-8"),
    ({"Upload-Length": "5", "Upload-Metadata": f"visibility {b64encode(b'all').decode()}"}, 400, b"visibility 'all'"),
]


@pytest.mark.parametrize(("headers", "status", "words"), REFUSED)
async def test_what_can_not_be_begun(hub, ask, headers, status, words):
    answer = await ask("POST", "/uploads/", VERSION | headers)
    assert (answer.status, words in answer.content) == (status, True), answer.content
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert not await hub.gateway.run(File.objects.exists)


async def test_a_disk_without_room_is_507(make_hub, ask):
    await make_hub(free_disk_bytes=2**60)
    answer = await ask("POST", "/uploads/", VERSION | {"Upload-Length": "5"})
    assert (answer.status, b"the disk has room for 0 more" in answer.content) == (507, True)


async def test_nobody_else_sees_it(hub, ask, begin, send):
    path = await begin("a", 5)
    text = await hub.gateway.run(lambda: create_token(name="other", files=True)[1])
    for who in ({"Authorization": f"Bearer {text}"}, {}):
        for method in ("HEAD", "DELETE"):
            assert (await ask(method, path, VERSION, who=who)).status == 404
        assert (await send(path, 0, b"x", who=who)).status == 404
    assert (await ask("POST", "/uploads/", VERSION | {"Upload-Length": "5"}, who={})).status == 401


@pytest.mark.parametrize("path", ["/uploads/x", "/uploads/..", "/uploads/a%00b"])
async def test_what_is_no_upload_is_404(ask, path):
    assert (await ask("HEAD", path, VERSION)).status == 404


async def test_who_it_is_for_is_said_when_it_is_begun(ask, begin, send):
    await send(await begin("mine", 1, visibility="private"), 0, b"x")
    await send(await begin("open", 1, visibility="public"), 0, b"x")
    assert (await ask("GET", "/files/open", who={})).content == b"x"
    assert (await ask("GET", "/files/mine", who={})).status in (401, 404)


async def test_other_methods(ask, begin):
    assert (await ask("GET", "/uploads/", VERSION)).headers["allow"] == "POST, OPTIONS"
    answer = await ask("PUT", await begin("a", 1), VERSION)
    assert (answer.status, answer.headers["allow"]) == (405, "HEAD, PATCH, DELETE, OPTIONS")
