"""What is tried again, when, and what people read meanwhile."""

from datetime import UTC, datetime

import pytest

from streams.chat.retries import told, wait_s
from streams.chat.rooms import ensure_room
from streams.conf import StreamSettings
from streams.errors import GenerationFailed
from streams.publishing import Identity
from tests.chat.answers import ask, has_told, running, told_of

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
SETTINGS = StreamSettings()


def failure(retry_after_s=None, *, kind="overloaded_error", retryable=True):
    return GenerationFailed(kind, "Claude is busy", retryable=retryable, retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("error", "attempt", "chance", "wait"),
    [
        (failure(), 1, 0, 1), (failure(), 2, 0, 2), (failure(), 3, 0, 4), (failure(), 3, 1, 5), (failure(), 4, 0, None),
        (failure(12), 1, 1, 12), (failure(60), 3, 0, 60), (failure(61), 1, 0, None), (failure(12), 4, 0, None),
        (failure(retryable=False), 1, 0, None), (failure(1, retryable=False), 1, 0, None),
    ],
)  # fmt: skip
def test_the_wait_grows_or_is_what_the_vendor_asks_for(error, attempt, chance, wait):
    assert wait_s(error, attempt=attempt, settings=SETTINGS, random=lambda: chance) == wait


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (failure(3_600, kind="rate_limit_error"), "rate limit until 14:02 UTC"),
        (failure(3_600), "Claude is busy; Claude's API asks to wait until 14:02 UTC"),
        (failure(2 * 86_400, kind="rate_limit_error"), "rate limit until 2026-11-28 13:02 UTC"),
        (failure(30, kind="rate_limit_error"), "Claude is busy"),
        (failure(), "Claude is busy"),
    ],
)
def test_a_wait_that_is_too_long_is_told_as_the_time_of_its_end(error, text):
    assert str(told(error, now=datetime(2026, 11, 26, 13, 2, tzinfo=UTC), settings=SETTINGS)) == text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("scenario", "states", "status"),
    [
        ("flaky", [("retrying", 2), ("running", 2), ("retrying", 3), ("running", 3)], "done"),
        ("overloaded", [(state, n) for n in (2, 3, 4) for state in ("retrying", "running")], "failed"),
        ("error-mid", [], "failed"),
        ("error-thinking", [], "failed"),
        ("spend-limit", [], "failed"),
        ("rate-limit-hour", [], "failed"),
    ],
)
async def test_what_failed_before_it_began_is_tried_again_and_that_is_seen(
    scenario, states, status, make_hub, make_claude, messages_api
):
    hub = await make_hub(generation_retry_s=0.01)
    room = await hub.gateway.run(lambda: ensure_room("lobby", title="Lobby"))
    async with running(hub, make_claude(scenario)) as (runner,):
        generation = await ask(runner, room, ADA, "hello", "c1")
        end = await has_told(hub, room, generation, "end")
    assert end["status"] == status
    told_states = [data for kind, data in await hub.gateway.run(told_of, room, generation) if kind == "state"]
    assert [(data["status"], data["attempt"]) for data in told_states] == states
    for data in told_states:
        retrying = data["status"] == "retrying"
        assert (data["retry_at"] is not None, data["error"] is not None) == (retrying, retrying)
    assert len(messages_api.requests) == 1 + len(states) // 2
    if scenario == "rate-limit-hour":
        assert end["error"]["message"].startswith("rate limit until ")
