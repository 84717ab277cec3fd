"""A file goes up by a client of the trade while its server is killed twice, and comes down over two more kills."""

import hashlib
import os
import signal
import subprocess
import threading
import time

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.harness.components import find_binary
from tests.harness.waiting import eventually

SIZE = 128_000_000
PIECE = 4_000_000
RATE = "20M"
KILL_AT = (SIZE // 3, 2 * SIZE // 3)
CUT_AT = (4_000_000, 16_000_000)  # the buffers of both sockets hold up to 40 MB that still arrive


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "big file.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


def digest_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def upload(site, file, name, headers):
    """By tuspy, with checksums, against a server that is killed in the middle of a request, twice."""
    uploader = TusClient(f"{site.url}/uploads/", headers=headers).uploader(
        file_stream=file, chunk_size=PIECE, metadata={"filename": name}, upload_checksum=True
    )
    kills = list(KILL_AT)
    while uploader.offset < SIZE:
        killer = None
        if kills and uploader.offset >= kills[0]:
            kills.pop(0)
            killer = threading.Timer(0.01, site.kill)
            killer.start()
        try:
            uploader.upload_chunk()
        except (TusCommunicationError, requests.RequestException):
            assert killer is not None
        if killer is not None:
            killer.join()
            site.start()
            uploader.offset = uploader.get_offset()
            assert uploader.offset % PIECE == 0  # a piece is there, or it is not
    assert not kills


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def download(site, headers, name, target):
    """By ``curl -C -``, whose server is killed twice meanwhile."""
    options = [item for header in headers.items() for item in ("-H", ": ".join(header))]
    command = [find_binary("curl"), "-s", "-C", "-", "--limit-rate", RATE, "-o", target, *options, site.url + name]
    for least in CUT_AT:
        wanted = max(least, size_of(target) + 1)
        curl = subprocess.Popen(command)
        eventually(lambda wanted=wanted: size_of(target) >= wanted, limit_s=30)
        site.kill()
        assert curl.wait(30) in (18, 56)  # a part of the file; the connection was reset
        site.start()
    assert subprocess.run(command, check=False, timeout=60).returncode == 0


def test_two_kills_on_the_way_up_and_two_on_the_way_down(site, source, tmp_path):
    headers = site.token("--files")
    with source.open("rb") as file:
        upload(site, file, source.name, headers)
    target = tmp_path / "back.bin"
    download(site, headers, "/files/big%20file.bin", target)
    assert digest_of(target) == digest_of(source)


def test_an_upload_survives_a_restart_and_expires(make_site, server, sqlite_url):
    site = make_site(server, sqlite_url, STREAMS_UPLOAD_EXPIRES_S="3").set_up().start()
    headers = site.token("--files") | {"Tus-Resumable": "1.0.0"}
    begun = requests.post(f"{site.url}/uploads/", headers=headers | {"Upload-Length": "10"}, timeout=10)
    url = site.url + begun.headers["Location"]
    piece = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert requests.patch(url, data=b"12345", headers=headers | piece, timeout=10).status_code == 204
    assert site.terminate() in (0, -signal.SIGTERM)
    site.start()
    assert requests.head(url, headers=headers, timeout=10).headers["Upload-Offset"] == "5"
    began = time.monotonic()
    eventually(lambda: requests.head(url, headers=headers, timeout=10).status_code == 404, limit_s=20)
    assert time.monotonic() - began < 20
    assert not [path for path in (site.folder / "media").rglob("*") if path.is_file()]
