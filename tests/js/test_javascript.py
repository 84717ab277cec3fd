"""The JavaScript clients, by Node's own test runner; and the Python parser, held to the same table as theirs."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.harness.components import find_binary, missing
from tests.harness.sse import EventSourceParser

HERE = Path(__file__).parent
CASES = json.loads((HERE / "sse-cases.json").read_text())
OLDEST_NODE = 18
LIMIT_S = 300.0
NASTY = [
    b"data", b"data:", b"data: x", b"data:  y", b"id", b"id:", b"id: 7", b"id: \0", b"event: e", b"event", b"retry: 10",
    b"retry: -1", b":", b": comment", b"foo: bar", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\r", b"\n\r", b"\xef\xbb\xbf",
    b"\xe2\x82\xac", b"\xf0\x9f\x8c\x8a", b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\xf0\x9f", b"\x80",
    b"\xed\xa0\x80", b" ",
]  # fmt: skip


@pytest.fixture(scope="session")
def node() -> str:
    """Node, where it is and new enough."""
    path = find_binary("node")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        missing(f"node {OLDEST_NODE} (this is {version.strip()})")
    return path


def run_node(node: str, file: Path, **env: str) -> None:
    """Run one file of tests; what it says is shown where it fails."""
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", file],
        env=os.environ | env, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\u2139 pass 0\n" not in done.stdout, "no test ran"


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_the_clients(node, file):
    run_node(node, file)


def parse(stream: bytes, sizes: list[int]) -> dict[str, object]:
    """What the Python parser makes of a stream in pieces of these sizes, and of the rest in one."""
    parser, events, at = EventSourceParser(), [], 0
    for size in [*sizes, len(stream)]:
        events += parser.feed(stream[at : at + size])
        at += size
    return {
        "events": [{"type": one.type, "data": one.data, "lastEventId": one.last_event_id} for one in events],
        "lastEventId": parser.last_event_id,
        "retry_ms": parser.retry_ms,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_python_parser_reads_the_same_table_over_any_split(case):
    stream = case["stream"].encode("latin-1")
    expected = {name: case[name] for name in ("events", "lastEventId", "retry_ms")}
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    ways = [[], [1] * len(stream), *([size] for size in range(1, len(stream)))]
    ways += [[chance.randrange(7) for _ in stream] for _ in range(20)]
    for sizes in ways:
        assert parse(stream, sizes) == expected, f"seed {seed}, split into {sizes}"


def test_both_parsers_agree_on_any_stream(node, tmp_path):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    cases = []
    for number in range(150):
        stream = b"".join(chance.choices(NASTY, k=chance.randrange(1, 40)))
        cases.append(
            {"name": f"stream {number} of seed {seed}", "stream": stream.decode("latin-1"), **parse(stream, [])}
        )
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run_node(node, HERE / "sse-parser.test.mjs", STREAMS_SSE_CASES=str(path))
