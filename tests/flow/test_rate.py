"""The token bucket, on a clock of its own."""

import pytest

from streams.flow import TokenBucket


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


def test_a_burst_passes_and_then_one_a_token():
    clock = Clock()
    bucket = TokenBucket(rate=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.5)
    clock.now += 0.5
    assert bucket.take() == 0
    assert bucket.take() == pytest.approx(0.5)


def test_refused_ones_cost_nothing():
    clock = Clock()
    bucket = TokenBucket(rate=1, burst=1, clock=clock)
    bucket.take()
    for _ in range(100):
        assert bucket.take() > 0
    clock.now += 1
    assert bucket.take() == 0


def test_a_long_pause_fills_it_no_further_than_its_burst():
    clock = Clock()
    bucket = TokenBucket(rate=100, burst=2, clock=clock)
    clock.now += 3_600
    assert [bucket.take() == 0 for _ in range(3)] == [True, True, False]


def test_over_time_no_more_than_the_rate_passes():
    clock = Clock()
    bucket = TokenBucket(rate=5, burst=10, clock=clock)
    passed = 0
    for _ in range(1_280):
        clock.now += 1 / 128
        passed += bucket.take() == 0
    assert 59 <= passed <= 10 + 50
