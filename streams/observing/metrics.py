"""The numbers of a site as Prometheus has them: pure, from the signs of its processes to metric families.

Each process's series has its name as label ``process``, so that any process can answer for all of them, and ``sum`` and
``rate`` are right whichever does; the series of one that ended just end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

Signs = Mapping[str, Any]

# name, what it is, where it stands in the signs (a path), the label where that is a count by something
COUNTERS = [
    ("streams_events_published", "Events published in this process.", "counters.events_in", None),
    ("streams_events_delivered", "Events handed to readers: one event and ten readers are ten.", "counters.events_out", None),  # noqa: E501
    ("streams_sent_bytes", "Bytes of streams and sockets that the server has taken.", "counters.bytes_out", None),
    ("streams_connections_opened", "Streams and sockets that were opened.", "counters.opened", "technique"),
    ("streams_connections_closed", "Streams and sockets that have ended.", "counters.closed", "reason"),
    ("streams_refusals", "Streams and sockets that were refused.", "counters.refused", "code"),
    ("streams_errors", "Lines of the log of level ERROR and above.", "counters.errors", None),
    ("streams_cpu_seconds", "Processor time that was used.", "cpu_seconds", None),
]  # fmt: skip
GAUGES = [
    ("streams_connections", "Streams and sockets that are open.", "connections", "technique", 1),
    ("streams_resident_memory_bytes", "Memory in use.", "resident_bytes", None, 1),
    ("streams_event_loop_lag_seconds", "How long the loop kept others waiting, at worst, in the last beat.", "loop_lag_ms", None, 0.001),  # noqa: E501
    ("streams_tasks", "Tasks of the loop.", "tasks", None, 1),
    ("streams_send_buffer_bytes", "Bytes that the server has taken and the sockets have not.", "waiting_bytes", None, 1),  # noqa: E501
    ("streams_reader_lag_events", "Events by which the slowest reader is behind.", "lag_max", None, 1),
    ("streams_ring_bytes", "What the rings of the followed topics hold.", "ring_bytes", None, 1),
    ("streams_topics_followed", "Topics that have readers here.", "topics_followed", None, 1),
    ("streams_generations_running", "Answers of models that this process is writing.", "claude.running", None, 1),
]  # fmt: skip
FACTS = [
    ("streams_process_start_time_seconds", "When the process began, since the epoch.", "started_at"),
    ("streams_process_draining", "1: the process ends, and takes nothing new.", "draining"),
    ("streams_process_silence_seconds", "Since the process told of itself last.", "silence_s"),
]
SITE = [
    ("streams_topics", "Topics.", "topics", None),
    ("streams_log_events", "Events that the topics were ever given, those that were trimmed included.", "heads", None),
    ("streams_jobs", "Jobs that are kept.", "jobs", "status"),
    ("streams_generations", "Answers of models that are kept.", "generations", "status"),
    ("streams_generation_tokens_today", "Tokens of the answers of today (UTC).", "tokens", "direction"),
    ("streams_generation_spend_today_dollars", "What the answers of today (UTC) cost.", "spend_usd", None),
    ("streams_database_size_bytes", "What the database takes on its disk.", "database_bytes", None),
]
LATENCY = "streams_delivery_seconds"


@dataclass(frozen=True, slots=True)
class Scraped:
    """A process when it is scraped. Times are seconds; silence_s: since its row was renewed, which it is each beat."""

    name: str
    server: str
    draining: bool
    started_at: float
    silence_s: float
    signs: Signs


def _found(signs: Signs, path: str) -> Any:
    """The value at ``a.b`` of nested mappings; None where a process of another version has none."""
    value: Any = signs
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _add(family: Any, labels: Sequence[str], value: Any, by: str | None, factor: float = 1) -> None:
    """A sample, or one for each key where the value is a count ``by`` something."""
    if value is None:
        return
    if by is None:
        family.add_metric(labels, value * factor)
        return
    for key, count in value.items():
        family.add_metric([*labels, str(key)], count * factor)


def _named(by: str | None, *labels: str) -> list[str]:
    return [*labels, by] if by is not None else list(labels)


def of_processes(processes: Sequence[Scraped]) -> Iterator[Metric]:
    """The families whose series are of one process each."""
    info = InfoMetricFamily("streams_process", "What a process is served by.", labels=["process"])
    for one in processes:
        info.add_metric([one.name], {"server": one.server})
    yield info
    for name, text, attribute in FACTS:
        gauge = GaugeMetricFamily(name, text, labels=["process"])
        for one in processes:
            gauge.add_metric([one.name], float(getattr(one, attribute)))
        yield gauge
    for name, text, path, by in COUNTERS:
        counter = CounterMetricFamily(name, text, labels=_named(by, "process"))
        for one in processes:
            _add(counter, [one.name], _found(one.signs, path), by)
        yield counter
    for name, text, path, by, factor in GAUGES:
        gauge = GaugeMetricFamily(name, text, labels=_named(by, "process"))
        for one in processes:
            _add(gauge, [one.name], _found(one.signs, path), by, factor)
        yield gauge
    yield _latency(processes)


def _latency(processes: Sequence[Scraped]) -> Metric:
    text = "From publishing to the socket, of events that came while their reader was connected."
    histogram = HistogramMetricFamily(LATENCY, text, labels=["process"])
    for one in processes:
        latency = _found(one.signs, "counters.latency")
        if latency is None:
            continue
        bounds = [str(bound / 1000) for bound in latency["bounds_ms"]]
        buckets = zip([*bounds, "+Inf"], accumulate(latency["counts"]), strict=True)
        histogram.add_metric([one.name], list(buckets), latency["sum_ms"] / 1000)
    return histogram


def of_site(numbers: Signs | None) -> Iterator[Metric]:
    """The families of the database, which all processes share; None: it does not answer."""
    yield GaugeMetricFamily("streams_database_up", "Whether the database answers.", value=float(numbers is not None))
    for name, text, key, by in SITE if numbers is not None else ():
        gauge = GaugeMetricFamily(name, text, labels=_named(by))
        _add(gauge, [], _found(numbers or {}, key), by)
        yield gauge


class Families:
    """What ``generate_latest`` takes: families that are there already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """The families; those without a sample too, so that a dashboard finds every name."""
        return self._families
