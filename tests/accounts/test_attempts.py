"""Attempts: so many at once, then one after another, for each name and each address; the memory of them is bounded."""

import pytest

from streams.accounts.attempts import Attempts


class Clock:
    """Stands still unless it is told."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def attempts(clock):
    return Attempts(burst=3, every_s=30, limit=4, clock=clock)


def test_a_few_at_once_and_then_one_every_while(attempts, clock):
    assert [attempts.take("ann") for _ in range(5)] == [0, 0, 0, 30, 30]
    assert attempts.take("bob") == 0
    clock.now = 20
    assert attempts.take("ann") == pytest.approx(10)
    clock.now = 30
    assert [attempts.take("ann") for _ in range(2)] == [0, 30]


def test_one_that_costs_more_is_waited_for_by_the_next(attempts):
    assert attempts.take("ann", 3) == 0
    assert attempts.take("ann") == 30


def test_what_is_forgotten_begins_anew(attempts):
    for _ in range(3):
        attempts.take("ann")
    attempts.forget("ann")
    attempts.forget("nobody")
    assert attempts.take("ann") == 0


def test_the_key_that_was_used_longest_ago_gives_way(attempts):
    for _ in range(3):
        attempts.take("ann")
    for key in "abc":
        attempts.take(key)
    assert attempts.take("ann"), "used a moment ago"
    for number in range(100):
        attempts.take(str(number))
    assert len(attempts) == 4
    assert attempts.take("ann") == 0
