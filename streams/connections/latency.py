"""How long events take from their publishing to the socket: a histogram that costs the same however much is sent."""

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS_MS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 2_000, 5_000, 10_000, 30_000)


class Histogram:
    """``counts[i]``: deliveries within ``BOUNDS_MS[i]`` and above the bound before; the last one: above all bounds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_MS) + 1)
        self.sum_ms = 0.0

    def add(self, ms: float, times: int = 1) -> None:
        """Count ``times`` deliveries that took so long; clocks that disagree make no negative ones."""
        ms = max(ms, 0.0)
        self.counts[bisect_left(BOUNDS_MS, ms)] += times
        self.sum_ms += ms * times

    def as_json(self) -> dict[str, object]:
        """``{"bounds_ms", "counts", "sum_ms"}``."""
        return {"bounds_ms": BOUNDS_MS, "counts": list(self.counts), "sum_ms": round(self.sum_ms, 3)}


def quantile_ms(counts: Sequence[int], share: float) -> float | None:
    """Within how many ms ``share`` of the deliveries came, to the width of a bucket; None if there were none.

    Within a bucket they are taken to be spread evenly, as Prometheus does it; above all bounds the last bound is told.
    """
    total = sum(counts)
    if not total:
        return None
    rank, seen = share * total, 0
    for number, count in enumerate(counts[: len(BOUNDS_MS)]):
        if count and seen + count >= rank:
            low = BOUNDS_MS[number - 1] if number else 0
            return round(low + (BOUNDS_MS[number] - low) * (rank - seen) / count, 1)
        seen += count
    return float(BOUNDS_MS[-1])
