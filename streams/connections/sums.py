"""The signs of several processes as those of one site."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streams.connections.latency import quantile_ms

Signs = Mapping[str, Any]
SUMMED = (
    "cpu_percent",
    "resident_bytes",
    "tasks",
    "events_in_per_s",
    "events_out_per_s",
    "bytes_out_per_s",
    "waiting_bytes",
    "ring_bytes",
    "errors",
    "refused",
)
WORST = ("load_1m", "lag_max", "loop_lag_ms")
PUBLIC = (*SUMMED, *WORST, "connections", "latency_p50_ms", "latency_p99_ms")  # what members may see of a process


def sum_signs(processes: Sequence[Signs]) -> dict[str, Any]:
    """Sums, and of lags and of the load the worst; latencies are those of all deliveries together."""
    connections: Counter[str] = Counter()
    for signs in processes:
        connections.update(signs["connections"])
    delays = [sum(bucket) for bucket in zip(*(signs["delays"] for signs in processes), strict=True)]
    return {
        **{name: round(sum(signs[name] for signs in processes), 1) for name in SUMMED},
        **{name: max((signs[name] for signs in processes), default=0) for name in WORST},
        "connections": dict(connections),
        "latency_p50_ms": quantile_ms(delays, 0.5),
        "latency_p99_ms": quantile_ms(delays, 0.99),
    }


def public_signs(signs: Signs) -> dict[str, Any]:
    """What members may see of one process."""
    return {name: signs[name] for name in PUBLIC}


def sum_topics(processes: Iterable[Signs], *, most: int) -> list[dict[str, Any]]:
    """The busiest topics of the site; each process sees all events of a topic, but only its own readers."""
    topics: dict[str, dict[str, Any]] = {}
    for signs in processes:
        for one in signs["topics"]:
            known = topics.setdefault(one["topic"], dict(one) | {"deliveries_per_s": 0.0, "readers": 0})
            known["events_per_s"] = max(known["events_per_s"], one["events_per_s"])
            known["deliveries_per_s"] = round(known["deliveries_per_s"] + one["deliveries_per_s"], 1)
            known["readers"] += one["readers"]
    return sorted(topics.values(), key=lambda one: (-one["deliveries_per_s"], -one["events_per_s"]))[:most]
