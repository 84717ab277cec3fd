"""The ring: bounded by count and bytes, dense, and one batch for all readers at a cursor."""

import random
from datetime import UTC, datetime

from streams.hub import Ring
from streams.hub.ring import BATCH_BYTES, MAX_CUTS
from streams.wire.event import LogEvent
from streams.wire.sse import encode_event

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def events(first, last, data="1"):
    return [LogEvent("orders", "abcd2345", seq, "message", data, NOW) for seq in range(first, last + 1)]


def a_ring(head=0, *, max_events=100, max_bytes=10**9):
    return Ring("orders", head=head, max_events=max_events, max_bytes=max_bytes)


def seqs(batch):
    return [event.seq for event in batch.events]


def test_holds_as_many_events_as_it_may():
    ring = a_ring(max_events=5)
    assert ring.offer(events(1, 12)) == 12
    assert (ring.first, ring.head, len(ring)) == (8, 12, 5)


def test_holds_as_many_bytes_as_it_may():
    ring = a_ring(max_bytes=100)
    for seq in range(1, 30):
        ring.offer(events(seq, seq, "x" * 30))
    assert (ring.first, ring.head, len(ring)) == (27, 29, 3)


def test_one_event_larger_than_the_ring_is_held_alone():
    ring = a_ring(max_bytes=100)
    ring.offer(events(1, 3, "x" * 30))
    ring.offer(events(4, 4, "x" * 500))
    assert (ring.first, ring.head) == (4, 4)
    ring.offer(events(5, 5, "x" * 30))
    assert (ring.first, ring.head) == (5, 5)


def test_what_it_already_has_is_passed_over():
    ring = a_ring(10)
    assert ring.offer(events(11, 13)) == 3
    assert ring.offer(events(11, 13)) == 0
    assert ring.offer(events(12, 15)) == 2
    assert ring.offer(events(1, 10)) == 0
    assert ring.offer([]) == 0
    assert seqs(ring.take(10)) == [11, 12, 13, 14, 15]


def test_a_hole_before_the_first_event_takes_none():
    ring = a_ring(10)
    assert ring.offer(events(12, 13)) == 0
    assert ring.head == 10


def test_a_reader_outside_the_ring_is_told_so():
    ring = a_ring(max_events=5)
    ring.offer(events(1, 10))
    assert ring.take(4) is None, "it reads the log"
    assert seqs(ring.take(5)) == [6, 7, 8, 9, 10]
    assert seqs(ring.take(10)) == []
    assert ring.take(11) is None, "ahead of the ring"


def test_readers_at_one_cursor_share_one_batch_and_its_bytes():
    ring = a_ring()
    ring.offer(events(1, 10))
    first, second = ring.take(3), ring.take(3)
    assert first is second
    assert first.joined("sse", encode_event) is second.joined("sse", encode_event)
    assert first.joined("sse", encode_event) == b"".join(map(encode_event, events(4, 10)))


def test_readers_at_different_cursors_share_the_frames_of_each_event():
    ring = a_ring()
    ring.offer(events(1, 3))
    ring.take(0).joined("sse", encode_event)
    assert ring.take(2).events[0].frames["sse"] is ring.take(0).events[2].frames["sse"]


def test_a_new_event_makes_new_batches():
    ring = a_ring()
    ring.offer(events(1, 2))
    before = ring.take(0)
    ring.offer(events(3, 3))
    assert seqs(before) == [1, 2]
    assert seqs(ring.take(0)) == [1, 2, 3]


def test_a_batch_is_bounded_in_bytes_and_holds_one_event_at_least():
    ring = a_ring()
    ring.offer(events(1, 10, "x" * (BATCH_BYTES // 2)))
    assert (seqs(ring.take(0)), ring.take(0).cursor) == ([1, 2], 2)
    ring.offer(events(11, 12, "x" * (BATCH_BYTES * 2)))
    assert seqs(ring.take(10)) == [11]


def test_readers_at_a_thousand_cursors_keep_few_batches_alive():
    """Each batch keeps its joined bytes: a quiet topic held up to a quarter of a megabyte for every cursor asked."""
    ring = a_ring(max_events=1_000)
    ring.offer(events(1, 1_000))
    for cursor in range(1_000):
        assert seqs(ring.take(cursor)) == list(range(cursor + 1, 1_001))
    assert ring.cuts <= MAX_CUTS


def test_skipping_forgets_everything():
    ring = a_ring()
    ring.offer(events(1, 10))
    ring.skip_to(20)
    assert (len(ring), ring.first, ring.head) == (0, 21, 20)
    assert ring.take(10) is None
    assert seqs(ring.take(20)) == []
    assert ring.offer(events(21, 21)) == 1


def test_it_never_disagrees_with_a_plain_list():
    for seed in range(20):
        chance = random.Random(seed)
        ring, limit = a_ring(max_events=7, max_bytes=60), 7
        head, held = 0, []
        for _ in range(200):
            first = chance.randint(max(1, head - 5), head + 2)
            offered = events(first, first + chance.randint(0, 9), "x" * chance.randint(1, 30))
            ring.offer(offered)
            if first <= head + 1:
                held += [event for event in offered if event.seq > head]
                head = max(head, offered[-1].seq)
            held = held[-limit:]
            while len(held) > 1 and sum(len(event.data) for event in held) > 60:
                held = held[1:]
            after = chance.randint(max(0, head - 12), head + 1)
            batch = ring.take(after)
            if after > head or (held and after < held[0].seq - 1):
                assert batch is None, seed
            else:
                assert list(batch.events) == [event for event in held if event.seq > after], seed
