"""Files on real servers and behind nginx: the table of ranges, clients that stall or leave, bytes that vanish."""

import asyncio
import hashlib
import http.client
import os
import socket
from contextlib import closing

import httpx
import pytest
from django.utils.http import http_date

from tests.harness.nginx import Nginx
from tests.harness.readers import dial, hang_up, request, request_bytes
from tests.harness.site import SERVERS, Site
from tests.harness.waiting import aeventually, settled
from tests.http.test_parts import RANGES

CONTENT = os.urandom(1_000)
BIG_BYTES = 256_000_000
MEGABYTE = 1_000_000
NGINX_REFUSES = {"bytes=5-4", "bytes=abc", "bytes=-", "bytes=1-2-3", "bytes=+0-4", "bytes=0_0-4", "bytes=\u0660-\u0664"}
NGINX_REFUSES.add("bytes=0-" + "9" * 400)  # which overflows
SMALL_BUFFER = 4_096
ADD = """
import os, sys
from pathlib import Path
from streams.publishing import Identity
from streams.storage import add_file
who = Identity("user", "u:1", "admin", may_upload=True)
for path in Path({folder!r}).iterdir():
    print(path.name, add_file(who, path, visibility="public").pk.hex)
"""


def made_site(server, folder, **env):
    """A site with the files ``a.bin``, ``empty`` and a sparse ``big.bin`` that everybody may have."""
    site = Site(server, folder, f"sqlite:///{folder / 'site.sqlite3'}", **env).set_up()
    sources = folder / "sources"
    sources.mkdir()
    (sources / "a.bin").write_bytes(CONTENT)
    (sources / "empty").write_bytes(b"")
    with (sources / "big.bin").open("wb") as big:
        big.truncate(BIG_BYTES)
    printed = site.manage("shell", "-v0", "-c", ADD.format(folder=str(sources))).stdout
    site.ids = dict(line.split() for line in printed.splitlines())
    return site


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    site = made_site(request.param, tmp_path_factory.mktemp("site"))
    yield site.start()
    site.kill()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """nginx that sends the files itself, before a site on Daphne."""
    env = {"DJANGO_BEHIND_PROXY": "1", "STREAMS_ACCEL_PREFIX": "/stored-files"}
    site = made_site("daphne", tmp_path_factory.mktemp("accelerated"), **env)
    try:
        with Nginx(tmp_path_factory.mktemp("nginx"), site.start().port, files=site.folder / "media/files") as proxy:
            proxy.site = site
            yield proxy
    finally:
        site.kill()


def have(address, path, headers=None, method="GET", context=None):
    """Status, headers and body by a client that adds no header of its own; raises where the body is not whole."""
    connect = http.client.HTTPSConnection if context else http.client.HTTPConnection
    options = {"context": context} if context else {}
    with closing(connect(address, timeout=30, **options)) as connection:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value.encode())
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def check(answer, status, start, end):
    """It is that part of the content, with the headers that it must have."""
    got, headers, body = answer
    assert got == status
    if status in (200, 206):
        assert body == CONTENT[start:end]
        assert headers["content-length"] == str(end - start)
        assert headers["accept-ranges"] == "bytes"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("sandbox")
        assert headers["content-disposition"].startswith('attachment; filename="a.bin"')
    if status == 206:
        assert headers["content-range"] == f"bytes {start}-{end - 1}/1000"
    if status == 416:
        assert headers["content-range"] == "bytes */1000"


@pytest.mark.parametrize("header", RANGES)
def test_the_table_of_ranges(site, header):
    check(have(f"127.0.0.1:{site.port}", "/files/a.bin", {"Range": header}), *RANGES[header])


@pytest.mark.parametrize("header", [header for header in RANGES if "," not in header])
def test_nginx_answers_the_same_but_for_what_makes_no_sense(nginx, header):
    expected = (416, 0, 0) if header in NGINX_REFUSES else RANGES[header]
    answer = have(f"127.0.0.1:{nginx.port}", "/files/a.bin", {"Range": header}, context=nginx.trust())
    assert "x-accel-redirect" not in answer[1]
    check(answer, *expected)


def test_what_nginx_keeps_nobody_has_without_being_asked_for_it(nginx):
    context, identifier = nginx.trust(), nginx.site.ids["a.bin"]
    assert have(f"127.0.0.1:{nginx.port}", f"/stored-files/{identifier[:2]}/{identifier}", context=context)[0] == 404
    assert have(f"127.0.0.1:{nginx.port}", "/files/missing", context=context)[0] == 404


def conditions(etag, modified):
    """Requests with conditions, and the status that each is answered with."""
    part = {"Range": "bytes=0-4"}
    return [
        (part | {"If-Range": etag}, 206),
        (part | {"If-Range": modified}, 206),
        (part | {"If-Range": '"other"'}, 200),
        (part | {"If-Range": http_date(1_000_000_000)}, 200),
        (part | {"If-None-Match": etag}, 304),
        (part | {"If-None-Match": "*"}, 304),
        (part | {"If-None-Match": '"other"'}, 206),
        ({"If-Modified-Since": modified}, 304),
        ({"If-Modified-Since": http_date(1_000_000_000)}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": etag}, 200),
        ({"If-Unmodified-Since": http_date(1_000_000_000)}, 412),
        ({"If-Unmodified-Since": modified}, 200),
    ]


def check_conditions(address, context=None):
    _, first, _ = have(address, "/files/a.bin", context=context)
    for headers, status in conditions(first["etag"], first["last-modified"]):
        got, answered, body = have(address, "/files/a.bin", headers, context=context)
        assert got == status, headers
        if status == 304:
            assert (answered["etag"], body) == (first["etag"], b"")


def test_conditions(site):
    check_conditions(f"127.0.0.1:{site.port}")


def test_conditions_at_nginx(nginx):
    check_conditions(f"127.0.0.1:{nginx.port}", nginx.trust())


def test_head_tells_the_length_and_has_no_body(site):
    for headers in ({}, {"Range": "bytes=0-4"}):
        status, answered, body = have(f"127.0.0.1:{site.port}", "/files/a.bin", headers, method="HEAD")
        assert (status, answered["content-length"], body) == (200, "1000", b"")
    assert have(f"127.0.0.1:{site.port}", "/files/empty")[1]["content-length"] == "0"


def test_names_that_would_be_headers_paths_or_devices(site):
    headers = site.token("--files")
    for name, kept in {
        "a%22%0D%0AX-Evil%3A%20y.txt": "a_X-Evil_ y.txt",
        "CON.txt": "_CON.txt",
        "x.": "x",
        "a:b": "a_b",
        "..%5C..%5Cboot.ini": "boot.ini",
    }.items():
        answer = httpx.put(f"{site.url}/files/{name}", headers=headers, content=b"x", trust_env=False)
        assert (answer.status_code, answer.json()["name"]) == (201, kept)
        had = httpx.get(site.url + answer.headers["location"], headers=headers, trust_env=False)
        assert (had.status_code, had.content) == (200, b"x")
        assert "x-evil" not in had.headers
    for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "a%00b", "%ff%fe", "n" * 5_000):
        assert have(f"127.0.0.1:{site.port}", f"/files/{path}")[0] in (400, 404)


async def test_a_client_that_stalls_costs_little_and_gets_all_of_it_later(site):
    before = peak = site.stats.memory_info().rss
    async with request(site.url, "/files/big.bin", receive_buffer=SMALL_BUFFER) as stalled:
        assert stalled.headers["content-length"] == str(BIG_BYTES)
        digest = hashlib.sha256()
        async with request(site.url, "/files/big.bin") as other:
            seen = 0
            while seen < BIG_BYTES:
                piece = await other._reader.read(1_000_000)
                assert piece
                seen += len(piece)
                digest.update(piece)
                peak = max(peak, site.stats.memory_info().rss)
        assert digest.digest() == hashlib.sha256(bytes(BIG_BYTES)).digest()
        print(f"{site.server}: {(peak - before) / MEGABYTE:.1f} MB more for one that stalls and one that reads")
        assert peak - before <= 30 * MEGABYTE
        assert await stalled._reader.readexactly(10 * MEGABYTE) == bytes(10 * MEGABYTE)


ABANDONED, AT_ONCE = 1_000, 50


async def test_downloads_that_are_left_leave_nothing(site):
    gate = asyncio.Semaphore(AT_ONCE)

    async def leave():
        async with gate:
            reader, writer = await dial(site.url, receive_buffer=SMALL_BUFFER)
            writer.write(request_bytes("GET", site.url, "/files/big.bin"))
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            await hang_up(writer)

    async def wave(number):
        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(leave())
        await aeventually(lambda: descriptors() == 0)
        await settled(lambda: site.stats.cpu_times().user)

    def descriptors():
        return sum(site.ids["big.bin"] in file.path for file in site.stats.open_files())

    await wave(ABANDONED)
    before, resident = site.stats.num_fds(), site.stats.memory_info().rss
    await wave(ABANDONED)
    await aeventually(lambda: site.stats.num_fds() <= before + 2)
    assert site.stats.memory_info().rss - resident <= 15 * MEGABYTE


def test_bytes_that_vanish_meanwhile_cut_the_answer(site, tmp_path):
    headers = site.token("--files")
    body = os.urandom(16 * MEGABYTE)  # more than the buffers of both sockets hold
    made = httpx.put(f"{site.url}/files/shrinking?visibility=public", headers=headers, content=body, trust_env=False)
    assert made.status_code == 201
    with socket.create_connection(("127.0.0.1", site.port)) as client:
        client.sendall(b"GET /files/shrinking HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert answer.length == 16 * MEGABYTE
        shrink(site, 12 * MEGABYTE)
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)) as cut:
            answer.read()
        assert getattr(cut.value, "partial", b"") == body[: len(getattr(cut.value, "partial", b""))]
    assert "FileShrank" in site.log()


def shrink(site, size):
    """Cut the largest file but one down to ``size``."""
    paths = sorted((site.folder / "media/files").glob("*/*"), key=lambda path: path.stat().st_size)
    os.truncate(paths[-2], size)
