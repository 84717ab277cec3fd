"""What must hold of everything that a reader was told, whatever happened on the way."""

from functools import partial

from tests.conformance.clients import Event, Gap, Reader
from tests.harness.publishers import Ledger
from tests.harness.waiting import aeventually

soon = partial(aeventually, limit_s=40.0)  # the machine may be busy with much else
GOOD_STATUSES = {0, 200, 503}  # 0: cut before the head of the answer, or a socket; 503: the server goes down


def seq_of(event_id: str) -> int:
    """The number behind the epoch."""
    return int(event_id.rpartition("-")[2])


def successor(event_id: str) -> str:
    """The id of the event that comes next in the same life of the log."""
    epoch, _, seq = event_id.rpartition("-")
    return f"{epoch}-{int(seq) + 1}"


def caught_up(reader: Reader, topic: str, ledger: Ledger) -> bool:
    """Whether the reader was told the newest event of a topic whose events were all acknowledged."""
    told = (one.id for one in reversed(reader.told) if isinstance(one, Event) and one.topic == topic)
    return seq_of(next(told, "-0")) == len(ledger.acknowledged)


def check_continuity(reader: Reader, topic: str) -> None:
    """Each event follows the one before it or the place that a gap leads to; each gap begins there and counts right."""
    position = None
    for entry in reader.told:
        if entry.topic != topic:
            continue
        if isinstance(entry, Gap):
            assert position in (None, entry.requested), f"{reader.technique}: at {position}, but {entry}"
            if entry.lost is not None:
                assert entry.lost == seq_of(entry.resumed_at) - seq_of(entry.requested) > 0, entry
            position = entry.resumed_at
        else:
            assert position is None or entry.id == successor(position), f"{reader.technique}: {position}, then {entry}"
            position = entry.id


def check_manners(reader: Reader) -> None:
    """The server refused and failed nothing, and answered from where it was asked."""
    assert {line.status for line in reader.lines} <= GOOD_STATUSES
    assert not reader.errors
    for line in reader.lines:
        assert line.told is None or line.asked in ("", "earliest", line.told), line


def check_delivery(reader: Reader, topic: str, ledger: Ledger) -> None:
    """All that was acknowledged was told, once and in order, and nothing else.

    What a connection still said after it was given up (``late``) is the same events again, and the reader has them.
    """
    check_manners(reader)
    check_continuity(reader, topic)
    assert not [gap for gap in reader.gaps if gap.topic == topic]
    told = [(event.data, event.id) for event in reader.events if event.topic == topic]
    assert dict(told) == ledger.acknowledged, f"{reader.technique}: {dict(told).items() ^ ledger.acknowledged.items()}"
    assert len(told) == len(ledger.acknowledged)
    assert {entry for entry in reader.late if entry.topic == topic} <= set(reader.told)
