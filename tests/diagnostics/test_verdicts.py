"""What the page makes of its measurements: the modules themselves, in a browser, without a server."""

import re

import pytest

from tests.harness.site import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")

JUDGE = """
async ([measured, asked]) => {
  const { judgeAll, summarise } = await import("/static/streams/js/diagnostics/checks.js");
  const checks = judgeAll(measured, asked);
  return { summary: summarise(checks), checks: Object.fromEntries(checks.map((check) => [check.id, check])) };
}
"""
CLAIMED = "192.0.2.77"


def stream(*arrivals_ms, encoding="", status=200, of=10, every_ms=100.0):
    """Chunks that were sent at an even pace, by a clock that knows nothing of the page's."""
    arrivals = arrivals_ms or [5000 + every_ms * n for n in range(of)]
    chunks = [{"chunk": n + 1, "of": of, "sent_ms": every_ms * n, "at_ms": at} for n, at in enumerate(arrivals)]
    return {"status": status, "encoding": encoding, "chunks": chunks}


def request(protocol="h2", **seen):
    """A request as it arrives behind deploy/nginx.conf."""
    good = {
        "http_version": "1.1",
        "scheme": "https",
        "host": "streams.example.org",
        "client": "10.0.0.1",
        "headers": {"x-forwarded-for": "203.0.113.5", "x-forwarded-proto": "https"},
        "behind_proxy": True,
        "heartbeat_s": 15,
    }
    return {"status": 200, "seen": good | seen, "protocol": protocol}


def socket(opened=True, echoes_ms=(3, 2, 2), code=1000, reason=""):
    return {"opened": opened, "echoes_ms": list(echoes_ms), "code": code, "reason": reason}


def silence(lived_s=75, whole=False, status=200):
    return {"status": status, "lived_ms": lived_s * 1000, "whole": whole}


UNOPENED = socket(opened=False, echoes_ms=(), code=1006)
ASKED = {
    "place": {"protocol": "https:", "host": "streams.example.org"},
    "messages": 3,
    "silence_s": 75,
    "fullSilence_s": 75,
}


@pytest.fixture(scope="module")
def judge(modules):
    """``await judge(sse=…)``: the summary and the checks, where all that is not given is well."""

    async def judged(asked=ASKED, **changes):
        well = {
            "sse": stream(),
            "ndjson": stream(),
            "socket": socket(),
            "request": request(),
            "silence": silence(whole=True),
        }
        measured = {name: value for name, value in (well | changes).items() if value is not None}
        return await modules(JUDGE, [measured, asked])

    return judged


async def test_all_is_well_where_all_is_well(judge):
    found = await judge()
    assert {check["level"] for check in found["checks"].values()} == {"good"}
    assert found["summary"]["text"] == "All is well"
    assert all(not check["lines"] and not check["why"] for check in found["checks"].values())


async def test_nobody_is_blamed_when_no_answer_comes(judge):
    """The proxy was, for headers that nobody had seen, while compression was said to be well."""
    none = stream(status=0, of=0)
    found = await judge(
        sse=none,
        ndjson=none,
        socket=UNOPENED,
        request={"status": 0, "seen": None, "protocol": ""},
        silence=silence(lived_s=0, status=0),
    )
    assert {name: check["level"] for name, check in found["checks"].items() if check["level"] != "unknown"} == {}
    assert all(not check["lines"] for check in found["checks"].values())


held_back = stream(*[5900] * 10)
FAULTS = {
    "all at once": ({"sse": held_back}, "sse", "all at once, up to 0.9 s late", "proxy_buffering off;"),
    "in bursts": ({"ndjson": stream(*[400] * 5, *[900] * 5)}, "ndjson", "in 2 bursts", "proxy_buffering off;"),
    "broken off": ({"sse": stream(*range(0, 400, 100))}, "sse", "broke off after 4 chunks", None),
    "nothing of it": ({"sse": stream(of=0)}, "sse", "broke off after 0 chunks", None),
    "a page of the proxy's": ({"ndjson": stream(status=502, of=0)}, "ndjson", "502", None),
    "gzip": (
        {"sse": stream(encoding="gzip")},
        "compression",
        "text/event-stream came with Content-Encoding: gzip",
        "gzip_types",
    ),
    "zstd": ({"ndjson": stream(encoding="zstd")}, "compression", "application/x-ndjson came", "gzip_types"),
    "no upgrade": (
        {"socket": UNOPENED},
        "socket",
        "Upgrade and Connection do not reach",
        "proxy_set_header Upgrade $http_upgrade;",
    ),
    "messages lost": ({"socket": socket(echoes_ms=[2], code=1006)}, "socket", "1 of 3 messages", None),
    "origin refused": (
        {"socket": socket(echoes_ms=(), code=4403, reason="not open to pages of https://a")},
        "socket",
        "not open to pages of https://a",
        None,
    ),
    "HTTP/1.0": ({"request": request(http_version="1.0")}, "upstream", "HTTP/1.0", "proxy_http_version 1.1;"),
    "no port": (
        {"request": request(host="backend")},
        "host",
        "asked for streams.example.org, but the header Host says backend",
        "proxy_set_header Host $http_host;",
    ),
    "no scheme": (
        {"request": request(scheme="http", headers={"x-forwarded-for": "203.0.113.5"})},
        "scheme",
        "X-Forwarded-Proto is missing",
        "proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    "proxy not believed": (
        {"request": request(scheme="http", behind_proxy=False)},
        "scheme",
        "DJANGO_BEHIND_PROXY=1",
        None,
    ),
    "no address": (
        {"request": request(headers={"x-forwarded-proto": "https"})},
        "address",
        "every visitor comes from 10.0.0.1",
        "proxy_set_header X-Forwarded-For $remote_addr;",
    ),
    "address made up": (
        {"request": request(headers={"x-forwarded-for": f"{CLAIMED}, 203.0.113.5"})},
        "address",
        CLAIMED,
        "proxy_set_header X-Forwarded-For $remote_addr;",
    ),
    "address made up and passed on": (
        {"request": request(headers={"x-forwarded-for": CLAIMED})},
        "address",
        CLAIMED,
        "proxy_set_header X-Forwarded-For $remote_addr;",
    ),
    "cut before the heartbeat": ({"silence": silence(5)}, "silence", "cut after 5 s", "proxy_read_timeout 75s;"),
    "cut with the heartbeat": ({"silence": silence(15.2)}, "silence", "cut after 15 s", "proxy_read_timeout 75s;"),
    "cut before the first byte": ({"silence": silence(5, status=0)}, "silence", "5 s", "proxy_read_timeout 75s;"),
    "cut and told": ({"silence": silence(5, status=504)}, "silence", "5 s", "proxy_read_timeout 75s;"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_named_with_what_mends_it(judge, name):
    changes, where, words, line = FAULTS[name]
    found = await judge(**changes)
    faults = {name: check for name, check in found["checks"].items() if check["level"] != "good"}
    assert set(faults) == {where}
    fault = faults[where]
    assert fault["level"] == "fault"
    assert words in f"{fault['said']} {fault['why']}"
    assert not fault["lines"] if line is None else any(text.startswith(line) for text in fault["lines"])
    assert found["summary"] | {"more": ""} == {"level": "fault", "text": "1 thing is wrong", "more": ""}


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"silence": silence(60)}, "silence", "cut after 60 s. Real ones live on"),
        ({"request": request(protocol="http/1.1")}, "browser", "six connections"),
    ],
)
async def test_what_works_but_could_be_better_is_no_fault(judge, changes, where, words):
    found = await judge(**changes)
    assert found["checks"][where]["level"] == "note"
    assert words in found["checks"][where]["said"]
    assert found["summary"]["text"] == "All is well"
    assert "1 thing could be better" in found["summary"]["more"]


@pytest.mark.parametrize(
    "arrivals",
    [
        [40, 400, 401, 402, 403, 500, 600, 700, 800, 900],  # a slow moment at first
        [0, 100, 200, 300, 400, 800, 801, 802, 810, 900],  # or in the middle
        [n * 100 + n % 2 * 45 for n in range(10)],  # and an unsteady network
    ],
)
async def test_a_slow_moment_is_no_buffering(judge, arrivals):
    assert (await judge(sse=stream(*arrivals)))["checks"]["sse"]["level"] == "good"


async def test_a_socket_over_http_1_0_needs_both(judge):
    checks = (await judge(socket=UNOPENED, request=request(http_version="1.0")))["checks"]
    assert checks["socket"]["lines"][0] == "proxy_http_version 1.1;"
    assert "proxy_set_header Upgrade $http_upgrade;" in checks["socket"]["lines"]
    assert (checks["upstream"]["level"], checks["upstream"]["lines"]) == ("fault", [])


async def test_a_line_that_mends_two_faults_is_given_once(judge):
    checks = (await judge(sse=held_back, ndjson=held_back))["checks"]
    assert checks["sse"]["lines"]
    assert (checks["ndjson"]["lines"], checks["ndjson"]["why"]) == ([], "The lines above mend this too.")


async def test_without_tls_and_proxy_nothing_is_missing(judge):
    direct = request(
        "http/1.1", scheme="http", host="localhost:8000", headers={"x-forwarded-for": CLAIMED}, behind_proxy=False
    )
    asked = ASKED | {"place": {"protocol": "http:", "host": "localhost:8000"}}
    assert (await judge(asked, request=direct))["summary"]["text"] == "All is well"


async def test_what_could_not_be_measured_is_no_verdict(judge):
    found = await judge(sse=stream(status=429, of=0), silence=silence(0, status=0), socket=socket(True, (), 4429))
    assert {name: check["level"] for name, check in found["checks"].items() if check["level"] != "good"} == {
        "sse": "unknown",
        "socket": "unknown",
        "silence": "unknown",
    }
    assert found["summary"]["text"] == "3 checks could not be made"


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (("sse", "ndjson", "socket", "request", "silence"), "Checking…"),
        (("ndjson", "silence"), "Checking…"),
        (("silence",), "All is well so far"),
    ],
)
async def test_the_summary_says_how_far_it_is(judge, missing, text):
    found = await judge(**dict.fromkeys(missing))
    assert found["summary"]["text"] == text
    assert found["checks"]["silence"]["level"] == "running"


async def test_a_shortened_silence_says_that_it_was_short(judge):
    found = await judge(ASKED | {"silence_s": 5}, silence=silence(5, whole=True))
    assert "for the 5 s that this page watched" in found["checks"]["silence"]["said"]


async def test_every_line_that_is_offered_stands_in_the_delivered_configuration(modules):
    given = await modules(
        "async () => Object.values((await import('/static/streams/js/diagnostics/verdict.js')).NGINX).flat()"
    )
    delivered = " ".join(re.sub("#.*", "", (ROOT / "deploy/nginx.conf").read_text()).split())
    for line in given:
        if not line.startswith("#"):
            assert line in delivered


REPORT = """
async (found) => {
  const { writeReport } = await import("/static/streams/js/diagnostics/report.js");
  return writeReport({ ...found, when: new Date(Date.UTC(2026, 10, 24)) });
}
"""


async def test_the_report_says_all_of_it_in_plain_text(modules, judge):
    found = await judge(sse=held_back)
    text = await modules(
        REPORT,
        {
            "url": "https://streams.example.org",
            "browser": "Test/1.0",
            "summary": found["summary"],
            "checks": list(found["checks"].values()),
            "seen": request()["seen"],
        },
    )
    assert text.startswith("Connection check of https://streams.example.org\n2026-11-24T00:00:00.000Z, Test/1.0\n")
    assert "1 thing is wrong." in text
    assert re.search(r"^\[WRONG\] +Server-sent events: 10 chunks came all at once", text, re.MULTILINE)
    assert re.search(r"^ +proxy_buffering off;$", text, re.MULTILINE)
    assert re.search(r"^\[ok\] +WebSocket: ", text, re.MULTILINE)
    assert '"http_version": "1.1"' in text
