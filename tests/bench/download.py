"""What a download costs the server: its speed, and CPU a gigabyte, for several sizes of the chunks that are read.

    python -m tests.bench.download --server daphne

Beside it nginx, told by ``X-Accel-Redirect`` where the file is: what Python need not do. The client is one of ours that
throws away what it reads. The figures to quote are the ratios: machines differ.
"""

import argparse
import os
import socket
import tempfile
import time
from pathlib import Path

import psutil

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from tests.faults.test_site_files import BIG_BYTES, made_site
from tests.harness.nginx import Nginx
from tests.harness.site import SERVERS

ROUNDS = 8
CHUNKS = (65_536, 262_144, 1_048_576)
RECEIVE = 1_048_576


def download(port: int) -> float:
    """Seconds to read the file to its end, by plain HTTP."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /files/big.bin HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n")
        buffer = bytearray(RECEIVE)
        seen = 0
        while seen < BIG_BYTES:
            size = client.recv_into(buffer)
            assert size, f"cut after {seen} bytes"
            seen += size
    return time.perf_counter() - began


def measure(name: str, port: int, processes: list[psutil.Process]) -> None:
    """Print the speed of the best of some rounds, and the CPU of all of them."""
    download(port)
    before = sum(sum(process.cpu_times()[:2]) for process in processes)
    seconds = min(download(port) for _ in range(ROUNDS))
    cpu = sum(sum(process.cpu_times()[:2]) for process in processes) - before
    print(
        f"{name:28} {BIG_BYTES / seconds / 1e6:7.0f} MB/s {cpu / ROUNDS / BIG_BYTES * 1e9:6.2f} s of CPU/GB", flush=True
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=SERVERS, default="daphne")
    server = parser.parse_args().server
    for chunk in CHUNKS:
        with tempfile.TemporaryDirectory() as folder:
            site = made_site(server, Path(folder), STREAMS_FILE_CHUNK_BYTES=str(chunk)).start()
            try:
                measure(f"{server}, {chunk // 1024} KiB", site.port, [site.stats])
            finally:
                site.kill()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        site = made_site(server, path, STREAMS_ACCEL_PREFIX="/stored-files").start()
        (path / "nginx").mkdir()
        edits = [(r"return 301 .*;", ACCELERATED.format(files=path / "media/files"))]
        try:
            with Nginx(path / "nginx", site.port, edits=edits, files=path / "media/files") as proxy:
                nginx = psutil.Process(proxy._process.pid)
                measure(f"nginx before {server}", proxy.plain_port, [site.stats, *nginx.children()])
        finally:
            site.kill()


ACCELERATED = """location / {{ proxy_pass http://streams; proxy_set_header Host $http_host; }}
    location /stored-files/ {{ internal; sendfile on; alias {files}/; }}"""

if __name__ == "__main__":
    main()
