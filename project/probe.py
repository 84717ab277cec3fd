"""Asks a URL until it answers 200: what systemd waits for after a start, and what a container's health is.

    python -m project.probe http://127.0.0.1:8000/readyz            once
    python -m project.probe http://127.0.0.1:8000/readyz --wait 60  for so many seconds

Exits with 0, or with 1 and what was answered last. It needs nothing but Python, and so costs little.
"""

import argparse
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence

TIMEOUT_S = 5.0
EVERY_S = 0.25


def ask(url: str) -> str | None:
    """What is wrong with the answer; None if nothing is."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_S):
            return None
    except urllib.error.HTTPError as refused:
        return f"{refused.code} {refused.read(2_000).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask as long as is wanted; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m project.probe", description="Ask a URL until it answers 200.")
    parser.add_argument("url", type=_http)
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args(arguments)
    deadline = time.monotonic() + options.wait
    while (wrong := ask(options.url)) is not None:
        if time.monotonic() >= deadline:
            print(f"{options.url}: {wrong}", file=sys.stderr)  # noqa: T201 - this is a command
            return 1
        time.sleep(EVERY_S)
    return 0


def _http(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{url!r} is no http(s) URL")
    return url


if __name__ == "__main__":
    sys.exit(main())
