"""The documentation says what the code does: its examples are made, read or run here."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.chat.ask import DONE, OPENING
from streams.errors import CloseReason, LimitReached, StreamClosed
from streams.hub import Batch, Gap, Position
from streams.reports.events import EVENTS
from streams.reports.formats import CsvFormat, NdjsonFormat, write_rows
from streams.reports.kinds import KINDS
from streams.transports.ndjson import NdjsonFrames
from streams.transports.sse import SseFrames, SseFramesOfMany
from streams.wire import sse
from streams.wire.event import LogEvent, encode_envelope
from streams.wire.last_event_id import parse_last_event_id

ROOT = Path(__file__).parents[1]
TRANSCRIPTS = ROOT / "tests" / "transcripts"
WIRE = (ROOT / "docs/wire.md").read_text()
TIME = datetime(2026, 11, 23, 4, 43, 0, 123_000, tzinfo=UTC)
EPOCH = "k7m2p9xq"


def event(seq, data, event_type="message", topic="orders"):
    return LogEvent(topic, EPOCH, seq, event_type, data, TIME)


def test_every_transcript_stands_in_the_wire_page():
    shown = dict(re.findall(r"<!-- transcript: (\S+) -->\n```\n(.*?)```", WIRE, re.DOTALL))
    assert shown == {path.name: path.read_text() for path in TRANSCRIPTS.iterdir()}


NDJSON, ORDER = NdjsonFrames(one=True), event(42, '{"number":17,"state":"paid"}', "order_update")
SEVERAL, SEVERAL_LINES = SseFramesOfMany([]), NdjsonFrames(one=False)
TWO = {"orders": Position(EPOCH, 41), "stock": Position("3fhw8zrt", 7)}
LAGGED = Gap("3fhw8zrt-7", "3fhw8zrt-9", 2, "lagged")
JOB = "job:5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e"
JOB_EVENTS = [
    ("job.queued", '{"done":0,"total":null,"result":null,"status":"queued"}'),
    ("job.started", '{"done":0,"total":null,"result":null,"status":"running"}'),
    ("job.progress", '{"done":400,"total":1000,"result":{"published":400,"skipped":0}}'),
    ("job.progress", '{"done":1000,"total":1000,"result":{"published":999,"skipped":1}}'),
    (
        "job.end",
        '{"done":true,"total":1000,"result":{"published":999,"skipped":1},"status":"done","count":1000,"error":null}',
    ),
]
MADE = {
    "job.jsonl": [
        NDJSON.opening({JOB: Position(EPOCH, 0)}, retry_ms=2000),
        *[
            NDJSON.batch(Batch(JOB, (event(seq, data, kind, JOB),), seq))
            for seq, (kind, data) in enumerate(JOB_EVENTS, 1)
        ],
    ],
    "sse-several.txt": [
        SEVERAL.opening(TWO, retry_ms=2000),
        SEVERAL.batch(Batch("orders", (ORDER,), 42)),
        SEVERAL.batch(Batch("stock", (), 9, LAGGED)),
        sse.encode_retry(1400),
        SEVERAL.farewell(StreamClosed(CloseReason.SHUTDOWN), retry_ms=1).partition(b"\n\n")[2],  # its time is by chance
    ],
    "ndjson-several.jsonl": [
        SEVERAL_LINES.opening(TWO, retry_ms=2000),
        SEVERAL_LINES.batch(Batch("orders", (ORDER,), 42)),
    ],
    "ndjson.jsonl": [
        NDJSON.opening({"orders": Position(EPOCH, 41)}, retry_ms=2000),
        NDJSON.batch(Batch("orders", (ORDER,), 42)),
        NDJSON.batch(Batch("orders", (), 42)),
        NDJSON.farewell(StreamClosed(CloseReason.SHUTDOWN), retry_ms=1000),
    ],
    "sse-stream.txt": [
        sse.encode_opening(f"{EPOCH}-41", retry_ms=2000),
        sse.encode_event(event(42, '{"number":17,"state":"paid"}', "order_update")),
        sse.encode_event(event(43, '"two lines:\\nthis is the second"')),
        sse.HEARTBEAT,
    ],
    "sse-gap.txt": [
        sse.encode_opening(f"{EPOCH}-12", retry_ms=2000),
        sse.encode_control(
            "stream.gap",
            {"requested": f"{EPOCH}-12", "resumed_at": f"{EPOCH}-39", "lost": 27, "reason": "trimmed"},
            last_event_id=f"{EPOCH}-39",
        ),
        sse.encode_event(event(40, "40")),
    ],
    "sse-close.txt": [
        sse.encode_retry(1400),
        sse.encode_control("stream.close", {"reason": "shutdown", "reconnect": True}),
    ],
    "sse-limit.txt": [
        SseFrames([parse_last_event_id(f"{EPOCH}-41")]).failure(
            LimitReached("2000 streams from 192.0.2.7 are open (limit 2000)", retry_after_s=11.4)
        )
    ],
    "chat.txt": [OPENING, sse.encode_data({"text": "Hel"}), sse.encode_data({"text": "lo!"}), DONE],
    "chat-error.txt": [
        OPENING,
        sse.encode_data({"text": "Hel"}),
        sse.encode_control(
            "error",
            {
                "error": {
                    "type": "overloaded_error",
                    "message": "Claude is busy; try again in a moment",
                    "retryable": True,
                }
            },
        ),
    ],
}


COLUMNS = [column for column in EVENTS.columns if column.preset]
LINES = [(42, TIME, "order_update", ORDER.data), (43, TIME, "=1+1", '"two lines:\\nthis is the second"')]
MADE |= {
    f"report.{suffix}": [chosen.opening(COLUMNS), write_rows(chosen, COLUMNS, LINES), chosen.closing(COLUMNS, 2)]
    for suffix, chosen in (("csv", CsvFormat()), ("jsonl", NdjsonFormat()))
}


@pytest.mark.parametrize("name", MADE)
def test_the_encoders_write_the_transcripts(name):
    assert b"".join(MADE[name]).decode().replace("\r\n", "\n") == (TRANSCRIPTS / name).read_text()


def test_reports_are_documented_with_their_columns():
    for kind in KINDS.values():
        names = ", ".join(f"**`{one.name}`**" if one.preset else f"`{one.name}`" for one in kind.columns)
        (row,) = re.findall(rf"^\| `{kind.name}` \| (.+) \|$", WIRE, re.MULTILINE)
        assert re.sub(r" \(.*?\)", "", row) == names


def test_room_envelopes_are_the_encoders():
    lines = [json.loads(line) for line in (TRANSCRIPTS / "room.jsonl").read_text().splitlines()]
    for line in lines:
        if "id" in line and "topic" in line:
            seq = int(line["id"].partition("-")[2])
            data = json.dumps(line["data"], separators=(",", ":"))
            made = json.loads(encode_envelope(event(seq, data, line["type"], line["topic"])))
            assert made | {"time": line["time"]} == line


def test_settings_are_documented_with_their_defaults():
    from docs.make import replace_part, settings_table

    operate = (ROOT / "docs/operate.md").read_text()
    assert replace_part(operate, "settings", settings_table()) == operate, "run: python docs/make.py settings"


def test_every_link_of_the_docs_leads_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http://", "https://")):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
