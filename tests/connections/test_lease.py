"""Leases: one holder at a time, whoever races."""

import os
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.connections import claim_lease, process_name, release_lease
from streams.models import Lease
from tests.harness.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def processes(monkeypatch):
    """Each thread is a process of its own name; ``processes.name`` is this one's."""
    here = threading.local()
    monkeypatch.setattr("streams.connections.lease.process_name", lambda: getattr(here, "name", "main"))
    return here


def owner():
    return Lease.objects.get(name="vitals").owner


def expire():
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def test_who_claims_a_free_one_has_it_and_others_have_not(processes):
    assert claim_lease("vitals", seconds=60)
    processes.name = "other"
    assert not claim_lease("vitals", seconds=60)
    assert owner() == "main"
    assert claim_lease("trim", seconds=60), "another name is another lease"


def test_its_holder_renews_it(processes):
    claim_lease("vitals", seconds=1)
    before = Lease.objects.get().expires_at
    assert claim_lease("vitals", seconds=60)
    assert Lease.objects.get().expires_at > before + timedelta(seconds=30)


def test_one_that_was_not_renewed_is_free(processes):
    claim_lease("vitals", seconds=60)
    expire()
    processes.name = "other"
    assert claim_lease("vitals", seconds=60)
    assert owner() == "other"
    processes.name = "main"
    assert not claim_lease("vitals", seconds=60), "who lost it does not get it back by renewing"


def test_one_that_is_given_up_is_free_at_once(processes):
    claim_lease("vitals", seconds=60)
    processes.name = "other"
    release_lease("vitals")
    assert not claim_lease("vitals", seconds=60), "only its holder gives it up"
    processes.name = "main"
    release_lease("vitals")
    processes.name = "other"
    assert claim_lease("vitals", seconds=60)


@pytest.mark.parametrize("before", ["missing", "expired", "held"])
def test_of_many_that_race_one_wins(processes, before):
    if before != "missing":
        claim_lease("vitals", seconds=60)
    if before == "expired":
        expire()
    together = threading.Barrier(8)

    def claim(name):
        processes.name = name
        together.wait(30)
        return name if claim_lease("vitals", seconds=60) else None

    winners = [name for name in run_together(*(lambda n=n: claim(f"p{n}") for n in range(8))) if name]
    assert len(winners) == (0 if before == "held" else 1)
    assert owner() == (winners[0] if winners else "main")


def test_the_name_of_a_process_is_its_own_and_fits_the_column():
    assert process_name() == process_name()
    assert len(process_name()) <= 64
    assert f":{os.getpid()}:" in process_name()
