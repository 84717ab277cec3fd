"""Numbers that compaction took out of the middle of a log: readers who stand there go on, and are told of no gap."""

import json

import pytest

from streams.eventlog import append, trim
from streams.eventlog.compact import compact, find_pieces
from streams.hub import Announcement
from streams.models import Event, SlowReaders, Topic
from streams.publishing import apublish
from streams.wire.event import NewEvent
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NEVER_S = 3_600
PIECE, END, OTHER = NewEvent('"piece"', "piece"), NewEvent('"end"', "end"), NewEvent('"other"')


def log(compacting=True):
    """1, then the pieces 2 to 6 and 8, with 7 between them, their end 9, and 10."""
    done = append("orders", [OTHER, *[PIECE] * 5, OTHER, PIECE, END, OTHER])
    if compacting:
        put_together()
    return done


def put_together():
    end = Event.objects.filter(type="end").latest("seq")
    rows = find_pieces(end.topic_id, after=0, before=end.seq, types=["piece"], belongs=lambda _: True)
    assert compact(end, json.dumps("the whole"), rows)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("earliest", [1, 7, 9, 10]),
        ("{}-1", [7, 9, 10]),
        ("{}-4", [7, 9, 10]),
        ("{}-6", [7, 9, 10]),
        ("{}-8", [9, 10]),
        ("{}-9", [10]),
        ("5", [7, 9, 10]),
        ("-1", [10]),
        ("-3", [7, 9, 10]),
        ("-4", [1, 7, 9, 10]),
        ("-9", [1, 7, 9, 10]),
    ],
)
@pytest.mark.parametrize("page", [1, 256])
async def test_whoever_comes_back_anywhere_reads_on_without_a_gap(make_hub, wish, expected, page):
    hub = await make_hub(log_page_events=page)
    done = await hub.gateway.run(log)
    async with reading(hub, "orders", wish.format(done.epoch)) as reader:
        await aeventually(lambda: reader.seqs == expected)
        await apublish("orders", "new")
        await aeventually(lambda: reader.seqs == [*expected, 11])
        assert reader.gaps == []
        assert "the whole" in next((event.data for event in reader.events if event.type == "end"), "the whole")


async def test_what_is_in_memory_is_read_from_there_with_its_pieces(hub):
    await hub.gateway.run(log, False)
    async with reading(hub, "orders") as first:
        await hub.gateway.run(append, "orders", [PIECE] * 3)
        done = await hub.gateway.run(append, "orders", [END])
        hub.hear(Announcement("orders", done.epoch, done.head))
        await aeventually(lambda: first.seqs == [11, 12, 13, 14])
        await hub.gateway.run(put_together)
        async with reading(hub, "orders", f"{done.epoch}-11") as second:
            await aeventually(lambda: second.seqs == [12, 13, 14])
            assert second.events[-1].data == '"end"'
        async with reading(hub, "orders", f"{done.epoch}-3") as third:
            await aeventually(lambda: third.seqs == [7, 9, 10, 14])  # the log has not the pieces, as it was read first
            assert third.events[-1].data == '"the whole"'
            assert third.gaps == []


@pytest.mark.parametrize("policy", SlowReaders)
@pytest.mark.parametrize("page", [2, 256])
async def test_a_process_that_was_deaf_meanwhile_reads_over_the_hole(make_hub, policy, page):
    """The ring holds no holes: it begins anew behind the last; its readers get what lies before from the log."""
    hub = await make_hub(head_poll_s=NEVER_S, log_page_events=page)
    await hub.gateway.run(append, "orders", [OTHER])
    await hub.gateway.run(lambda: Topic.objects.update(slow_readers=policy))
    async with reading(hub, "orders") as reader:
        done = await hub.gateway.run(log)  # nobody tells of it: 2 to 11
        hub.hear(Announcement("orders", done.epoch, done.head))
        await aeventually(lambda: reader.seqs == [2, 8, 10, 11])
        done = await hub.gateway.run(append, "orders", [OTHER])
        hub.hear(Announcement("orders", done.epoch, done.head, done.new))
        await aeventually(lambda: reader.seqs == [2, 8, 10, 11, 12])
        assert (reader.gaps, reader.ended) == ([], None)


async def test_what_is_trimmed_below_a_hole_is_a_loss(hub):
    done = await hub.gateway.run(log)
    await hub.gateway.run(lambda: trim(Topic.objects.get(), keep=2))
    async with reading(hub, "orders", f"{done.epoch}-3") as reader:
        await aeventually(lambda: reader.seqs == [9, 10])
        assert [(gap.reason, gap.lost) for gap in reader.gaps] == [("trimmed", 5)]
    async with reading(hub, "orders", f"{done.epoch}-8") as reader:
        await aeventually(lambda: reader.seqs == [9, 10])
        assert reader.gaps == []


async def test_a_reader_in_the_middle_while_it_is_put_together_misses_nothing_else(make_hub):
    """It has some pieces from the log; then the rest is gone, and the end has the whole."""
    hub = await make_hub(log_page_events=1, ring_events=1)
    done = await hub.gateway.run(log, False)
    async with reading(hub, "orders", f"{done.epoch}-0", pause_s=0.02) as reader:
        await aeventually(lambda: len(reader.seqs) >= 2)
        await hub.gateway.run(put_together)
        await aeventually(lambda: 10 in reader.seqs)
        assert reader.gaps == []
        assert [seq for seq in reader.seqs if seq in (1, 7, 9, 10)] == [1, 7, 9, 10]
        assert reader.seqs == sorted(set(reader.seqs))
        assert len(reader.seqs) < 10
        assert next(event.data for event in reader.events if event.type == "end") == '"the whole"'
