"""The rates of many keys, on a clock that stands still."""

import pytest

from streams.flow import Rates
from tests.flow.test_rate import Clock


def test_each_key_has_its_own_bucket():
    clock = Clock()
    rates = Rates(rate=2, burst=3, clock=clock)
    assert [rates.take("a") for _ in range(3)] == [0, 0, 0]
    assert rates.take("a") == pytest.approx(0.5)
    assert rates.take("b") == 0
    clock.now += 0.5
    assert rates.take("a") == 0


def test_those_who_rest_are_forgotten_and_those_who_owe_are_not():
    clock = Clock()
    rates = Rates(rate=10, burst=20, clock=clock)
    for key in range(1_000):
        rates.take(key)
    rates.take("greedy", 500)
    assert len(rates) == 1_001
    clock.now += 3
    rates.take("other")
    assert len(rates) == 2
    assert rates.take("greedy") > 40
    for second in range(200):
        clock.now += 1
        for key in range(50):
            rates.take((second, key))
        assert len(rates) < 300
    assert rates.take("greedy") == 0
