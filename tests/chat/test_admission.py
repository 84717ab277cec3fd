"""Answers of one person: how many at once, and how often one may ask."""

import pytest

from streams.chat.admission import Admission
from streams.errors import CloseReason, LimitReached, StreamClosed


async def test_one_person_has_so_many_at_once_and_others_have_theirs(make_hub):
    admission = Admission(await make_hub(max_generations=3, max_generations_per_user=2))
    with admission.running("u:1"), admission.running("u:1"):
        with pytest.raises(LimitReached, match=r"2 answers are being written for you \(limit 2\)"):
            admission.ask("u:1")
        with (
            admission.running("u:2"),
            pytest.raises(LimitReached, match=r"3 answers are being written here \(limit 3\)"),
        ):
            admission.ask("u:3")
    admission.ask("u:1")
    await admission.idle()


async def test_questions_have_a_rate_and_a_refused_one_begins_nothing(make_hub):
    admission = Admission(await make_hub(max_questions_per_min=2))
    for _ in range(2):
        admission.ask("u:1")
    with pytest.raises(LimitReached, match="limit of 2 a minute"):
        admission.ask("u:1")
    admission.ask("u:2")
    await admission.idle()


async def test_a_process_that_ends_begins_none(make_hub):
    hub = await make_hub()
    hub.end_streams(CloseReason.SHUTDOWN)
    with pytest.raises(StreamClosed):
        Admission(hub).ask("u:1")
