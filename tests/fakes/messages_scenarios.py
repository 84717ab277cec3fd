"""What the fake Messages API writes: each scenario is a small script over ``Reply``, found by its name in SCENARIOS."""

import asyncio
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from time import time

from tests.fakes.messages_api import Reply, Scenario, encode_event
from tests.fakes.messages_parts import (
    ANSWER,
    THOUGHT,
    block,
    finish,
    message,
    start,
    text,
    text_delta,
    tokens,
    whole_events,
)

STOP_REASONS = (
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)
HOSTILE = """\
<script>alert(1)</script> <img src=x onerror=alert(1)> [click](javascript:alert(1)) [go](/admin/delete)
[out](//evil.example) ![pixel](https://evil.example/p.png?leak=1)

```"><script>alert(1)</script>
<b>not bold</b>
```
"""


@dataclass(frozen=True)
class Script:
    """``before_stream``: the status says it all, so that it also answers a request that does not stream."""

    play: Scenario
    before_stream: bool = False


SCENARIOS: dict[str, Script] = {}


def scenario(name: str, *, before_stream: bool = False) -> Callable[[Scenario], Scenario]:
    """Register a script under a name."""

    def register(play: Scenario) -> Scenario:
        SCENARIOS[name] = Script(play, before_stream)
        return play

    return register


def body_scenario(name: str, change: Callable[[bytes], bytes]) -> None:
    """An answer that arrives in one write, after ``change`` was done to its bytes."""

    async def play(reply: Reply) -> None:
        await reply.open()
        await reply.chunk(change(whole_events(reply.request)))
        await reply.end()

    SCENARIOS[name] = Script(play)


# -- 1, 2: well, slowly, not at all ---------------------------------------------------------------------------------


@scenario("normal")
async def _normal(reply: Reply) -> None:
    await start(reply)
    await reply.event("ping")
    await reply.event("content_block_start", index=0, content_block={"type": "text", "text": "", "citations": None})
    for number, token in enumerate(tokens(ANSWER)):
        if number == 5:
            await reply.event("ping")
        await reply.event("content_block_delta", index=0, delta=text_delta(token))
    await reply.event("content_block_stop", index=0)
    await finish(reply)


@scenario("echo")
async def _echo(reply: Reply) -> None:
    await start(reply)
    await text(reply, reply.request.last_user_text)
    await finish(reply)


@scenario("slow")
async def _slow(reply: Reply) -> None:
    await start(reply)
    await reply.event("content_block_start", index=0, content_block={"type": "text", "text": "", "citations": None})
    for token in tokens(ANSWER):
        await asyncio.sleep(reply.api.pace_s)
        await reply.event("content_block_delta", index=0, delta=text_delta(token))
    await reply.event("content_block_stop", index=0)
    await finish(reply)


@scenario("late")
async def _late(reply: Reply) -> None:
    await start(reply)
    for _ in range(10):
        await reply.event("ping")
        await asyncio.sleep(reply.api.pace_s)
    await text(reply)
    await finish(reply)


@scenario("stall")
async def _stall(reply: Reply) -> None:
    await start(reply)
    await text(reply, "The beginning")
    await asyncio.Event().wait()


@scenario("silent")
async def _silent(reply: Reply) -> None:
    await asyncio.Event().wait()


@scenario("pings")
async def _pings(reply: Reply) -> None:
    await start(reply)
    while True:
        await reply.event("ping")
        await asyncio.sleep(reply.api.pace_s)


# -- 3: refused before the stream -----------------------------------------------------------------------------------


def error_scenario(
    name: str, status: int, kind: str, text: str, details: object = None, make: Callable[[], dict[str, str]] = dict
) -> None:
    """An error status with the vendor's body; ``make`` gives further headers."""

    async def play(reply: Reply) -> None:
        await reply.error(status, kind, text, details, **make())

    SCENARIOS[name] = Script(play, before_stream=True)


_LIMITED = "This request would exceed your organization's rate limit of 50,000 input tokens per minute"
for _name, _headers in {
    "rate-limit": lambda: {"retry_after": "12"},
    "rate-limit-ms": lambda: {"retry_after_ms": "2500", "retry_after": "3"},
    "rate-limit-date": lambda: {"retry_after": formatdate(time() + 30.9, usegmt=True)},
    "rate-limit-hour": lambda: {"retry_after": "3600"},
    "rate-limit-odd": lambda: {"retry_after": "soon"},
}.items():
    error_scenario(_name, 429, "rate_limit_error", _LIMITED, None, _headers)
error_scenario(
    "spend-limit",
    429,
    "rate_limit_error",
    "You have reached your specified API usage limits.",
    {"error_code": "enforced_spend_limit_reached"},
)
error_scenario("overloaded", 529, "overloaded_error", "Overloaded")
error_scenario("api-error", 500, "api_error", "Internal server error")
error_scenario("timeout-error", 504, "timeout_error", "Request timed out")
error_scenario("bad-key", 401, "authentication_error", "invalid x-api-key")
error_scenario("billing", 402, "billing_error", "Your credit balance is too low")
error_scenario("forbidden", 403, "permission_error", "Your API key does not have permission to use the resource")
error_scenario("unknown-model", 404, "not_found_error", "model: claude-nonesuch")
error_scenario("too-large", 413, "request_too_large", "Request exceeds the maximum size")
error_scenario(
    "bad-request",
    400,
    "invalid_request_error",
    "prompt is too long: 208310 tokens > 200000 maximum sk-ant-leaked",
)
error_scenario("new-error", 418, "teapot_error", "A kind of error that came later")


@scenario("html-502", before_stream=True)
async def _html_502(reply: Reply) -> None:
    await reply.whole(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")


@scenario("html-403", before_stream=True)
async def _html_403(reply: Reply) -> None:
    await reply.whole(403, "<html><body>Forbidden by the gateway</body></html>")


@scenario("flaky", before_stream=True)
async def _flaky(reply: Reply) -> None:
    """Overloaded twice, then well."""
    await SCENARIOS["overloaded" if reply.api.seen["flaky"] <= 2 else "normal"].play(reply)


# -- 4, 5: broken in the middle -------------------------------------------------------------------------------------

_OVERLOADED = {"type": "overloaded_error", "message": "Overloaded", "details": None}


@scenario("error-first")
async def _error_first(reply: Reply) -> None:
    await reply.open()
    await reply.event("error", error=_OVERLOADED)
    await reply.end()


@scenario("error-mid")
async def _error_mid(reply: Reply) -> None:
    await start(reply)
    await text(reply, "The beginning")
    await reply.event("error", error=_OVERLOADED)
    await reply.end()


@scenario("error-thinking")
async def _error_thinking(reply: Reply) -> None:
    await start(reply)
    await block(reply, 0, "thinking", {"type": "thinking_delta", "thinking": THOUGHT})
    await reply.event("error", error={"type": "api_error", "message": "Internal server error", "details": None})
    await reply.end()


@scenario("error-text")
async def _error_text(reply: Reply) -> None:
    await start(reply)
    await text(reply, "The beginning")
    await reply.chunk(b"event: error\ndata: upstream connect error\n\n")
    await reply.end()


@scenario("reset")
async def _reset(reply: Reply) -> None:
    await start(reply)
    await text(reply, "The beginning")
    await asyncio.sleep(reply.api.pace_s)  # RST overtakes bytes that are not read yet
    await reply.reset()


@scenario("cut")
async def _cut(reply: Reply) -> None:
    await start(reply)
    await text(reply, "The beginning")
    await reply.cut()


@scenario("clean-eof")
async def _clean_eof(reply: Reply) -> None:
    await start(reply)
    await text(reply, "The beginning")
    await reply.end()


@scenario("empty")
async def _empty(reply: Reply) -> None:
    await reply.open()
    await reply.end()


@scenario("close")
async def _close(reply: Reply) -> None:
    await reply.open(close=True)
    await reply.chunk(whole_events(reply.request))
    await reply.end()


@scenario("lingering")
async def _lingering(reply: Reply) -> None:
    """message_stop, and then the body never ends."""
    await reply.open()
    await reply.chunk(whole_events(reply.request))
    await asyncio.Event().wait()


# -- 6: bytes -------------------------------------------------------------------------------------------------------


@scenario("bytewise")
async def _bytewise(reply: Reply) -> None:
    await reply.open()
    await reply.chunk(whole_events(reply.request), by_byte=True)
    await reply.end()


@scenario("gzip")
async def _gzip(reply: Reply) -> None:
    """Compressed by a gateway, event by event."""
    packer = zlib.compressobj(wbits=31)
    await reply.open(content_encoding="gzip")
    for event in whole_events(reply.request).split(b"\n\n")[:-1]:
        await reply.chunk(packer.compress(event + b"\n\n") + packer.flush(zlib.Z_SYNC_FLUSH))
    await reply.chunk(packer.flush())
    await reply.end()


@scenario("split")
async def _split(reply: Reply) -> None:
    """Cut inside of each multi-byte character, so inside of events, each part written once the last was sent."""
    await reply.open()
    rest = whole_events(reply.request)
    while found := re.search(rb"[\xc2-\xf4]", rest):
        await reply.chunk(rest[: found.end()])
        await asyncio.sleep(reply.api.pace_s)
        rest = rest[found.end() :]
    await reply.chunk(rest)
    await reply.end()


def _insert(extra: bytes) -> Callable[[bytes], bytes]:
    """Put something between the second and the third event."""

    def change(body: bytes) -> bytes:
        events = body.split(b"\n\n")
        return b"\n\n".join([*events[:3], extra, *events[3:]])

    return change


body_scenario("burst", lambda body: body)
body_scenario("crlf", lambda body: body.replace(b"\n", b"\r\n"))
body_scenario("comments", _insert(b": a comment"))
body_scenario("bad-json", _insert(b'event: content_block_delta\ndata: {"type": "content_block_delta", "ind'))
body_scenario("bad-utf8", _insert(b'event: content_block_delta\ndata: {"text": "\xff\xfe"}'))
body_scenario("unknown-event", _insert(b'event: vibe_check\ndata: {"type": "vibe_check", "mood": "good"}'))
body_scenario(
    "unknown-delta", _insert(encode_event("content_block_delta", index=0, delta={"type": "hologram_delta"})[:-2])
)
body_scenario("wrong-index", _insert(encode_event("content_block_delta", index=7, delta=text_delta("x"))[:-2]))
body_scenario(
    "null-text", _insert(encode_event("content_block_delta", index=0, delta={"type": "text_delta", "text": None})[:-2])
)
body_scenario("no-event-lines", lambda body: re.sub(rb"event: .*\n", b"", body))


# -- 7: a lot -------------------------------------------------------------------------------------------------------


def answer_scenario(name: str, answer: str, piece_chars: int = 4) -> None:
    """A normal answer of a given text, many events to a write."""

    async def play(reply: Reply) -> None:
        await reply.open()
        body = whole_events(reply.request, answer, piece_chars)
        for i in range(0, len(body), 65_536):
            await reply.chunk(body[i : i + 65_536])
        await reply.end()

    SCENARIOS[name] = Script(play)


HUGE = f"{'0123456789' * 10}\n" * 10_000  # 1 MB
answer_scenario("huge", HUGE, piece_chars=100)
answer_scenario("events-50k", "abc " * 50_000)
answer_scenario("big-code", "```python\n" + "print('a line of code')  # and its comment\n" * 900 + "```\n")
answer_scenario("big-list", "- an item of a list that is long\n" * 1_200)
answer_scenario("hostile", HOSTILE)


# -- 8, 9: blocks ---------------------------------------------------------------------------------------------------


@scenario("thinking")
async def _thinking(reply: Reply) -> None:
    await start(reply)
    thoughts: list[dict[str, object]] = [{"type": "thinking_delta", "thinking": token} for token in tokens(THOUGHT)]
    await block(reply, 0, "thinking", *thoughts, {"type": "signature_delta", "signature": "EqQBCgIYAhIM"})
    await text(reply, index=1)
    await finish(reply, usage={"output_tokens": 40, "output_tokens_details": {"thinking_tokens": 25}})


@scenario("thinking-omitted")
async def _thinking_omitted(reply: Reply) -> None:
    await start(reply)
    await block(reply, 0, "thinking", {"type": "signature_delta", "signature": "EqQBCgIYAhIM"})
    await text(reply, index=1)
    await finish(reply)


@scenario("thinking-redacted")
async def _thinking_redacted(reply: Reply) -> None:
    await start(reply)
    await block(reply, 0, "redacted_thinking")
    await text(reply, index=1)
    await finish(reply)


@scenario("blocks")
async def _blocks(reply: Reply) -> None:
    await start(reply)
    await text(reply, "First. ")
    await text(reply, "Second.", index=1)
    await finish(reply)


@scenario("tool-use")
async def _tool_use(reply: Reply) -> None:
    """A tool that nobody offered, its JSON in pieces of which the first is empty."""
    await start(reply)
    await text(reply)
    pieces = ("", '{"ci', 'ty": "Ber', 'lin"}')
    await block(reply, 1, "tool_use", *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))
    await finish(reply, "tool_use")


@scenario("citations")
async def _citations(reply: Reply) -> None:
    cited: dict[str, object] = {
        "type": "char_location", "cited_text": "naïve", "document_index": 0, "document_title": "A document",
        "start_char_index": 0, "end_char_index": 5, "file_id": None,
    }  # fmt: skip
    await start(reply)
    await block(reply, 0, "text", *map(text_delta, tokens(ANSWER)), {"type": "citations_delta", "citation": cited})
    await finish(reply)


@scenario("thinking-refused")
async def _thinking_refused(reply: Reply) -> None:
    """A model that is said to think, and takes no word about it."""
    if "thinking" in reply.request.json:
        text = "thinking.type: 'adaptive' is not supported by this model"
        await reply.error(400, "invalid_request_error", text)
    else:
        await SCENARIOS["normal"].play(reply)


# -- 10, 11: how it ended, what it cost -----------------------------------------------------------------------------


def stop_scenario(reason: str) -> None:
    """A normal answer that ends for ``reason``."""
    details = {"type": "refusal", "category": "cyber", "explanation": "This asks for malware."}

    async def play(reply: Reply) -> None:
        await start(reply)
        await text(reply, "The beginning")
        await finish(reply, reason, details=details if reason == "refusal" else None)

    SCENARIOS[f"stop-{reason}"] = Script(play)


for _reason in STOP_REASONS:
    stop_scenario(_reason)


@scenario("refusal-empty")
async def _refusal_empty(reply: Reply) -> None:
    await start(reply)
    await finish(reply, "refusal", details={"type": "refusal", "category": None, "explanation": None})


@scenario("cache")
async def _cache(reply: Reply) -> None:
    await start(reply, cache_creation_input_tokens=200, cache_read_input_tokens=1_000)
    await text(reply)
    await finish(reply, usage={"input_tokens": 13, "cache_read_input_tokens": 1_024, "output_tokens": 15})


@scenario("usage-null")
async def _usage_null(reply: Reply) -> None:
    await start(reply, cache_creation_input_tokens=None, cache_read_input_tokens=None)
    await text(reply)
    await finish(reply)


@scenario("usage-missing")
async def _usage_missing(reply: Reply) -> None:
    """A gateway that counts nothing: no usage in message_start, none in message_delta."""
    await reply.open()
    begun = message(reply.request)
    del begun["usage"]
    await reply.event("message_start", message=begun)
    await text(reply)
    await reply.event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None})
    await reply.event("message_stop")
    await reply.end()


@scenario("deltas")
async def _deltas(reply: Reply) -> None:
    """Several message_delta, the last of which counts."""
    await start(reply)
    await text(reply)
    await reply.event("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 7})
    await finish(reply, usage={"output_tokens": 15})
