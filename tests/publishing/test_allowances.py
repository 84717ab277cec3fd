"""What one may do in a time: counted for each account, told with the limit and the wait."""

import pytest

from streams.conf import StreamSettings
from streams.errors import LimitReached
from streams.publishing import refused_by_code
from streams.publishing.allowances import Allowances
from streams.publishing.identity import ANYBODY, NOBODY, Identity
from tests.flow.test_rate import Clock


def test_a_batch_is_counted_by_its_events_and_a_refused_one_costs_nothing():
    clock = Clock()
    events = Allowances(StreamSettings(max_events_per_s=100), clock).events
    events.take("t:1", 1_400)  # more than the burst of 1,000: let through, and paid for by the next
    before = refused_by_code["limit"]
    for _ in range(3):
        with pytest.raises(LimitReached, match="too many events: 30 more would pass the limit of 100 a second") as told:
            events.take("t:1", 30)
        assert told.value.retry_after_s == pytest.approx(4.01)
    assert refused_by_code["limit"] == before + 3
    events.take("t:2", 30)
    clock.now += 4.02
    events.take("t:1", 30)


def test_questions_are_counted_by_the_minute():
    clock = Clock()
    questions = Allowances(StreamSettings(max_questions_per_min=6), clock).questions
    for _ in range(6):
        questions.take("u:1")
    with pytest.raises(LimitReached, match="too many questions: one more would pass the limit of 6 a minute") as told:
        questions.take("u:1")
    assert told.value.as_json()["retry_after_s"] == 10
    clock.now += 10
    questions.take("u:1")


def test_who_is_nobody_in_particular_is_counted_by_the_address():
    anybody = Identity("guest", ANYBODY, "Guest")
    assert {NOBODY.account("192.0.2.1"), anybody.account("192.0.2.1")} == {"a:192.0.2.1"}
    assert Identity("user", "u:7", "Ada").account("192.0.2.1") == "u:7"
