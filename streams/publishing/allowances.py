"""What one person, token or address may do in a time, over all its sockets and requests to this process."""

import time
import weakref
from collections.abc import Callable

from streams.conf import StreamSettings
from streams.errors import LimitReached
from streams.flow import Rates
from streams.hub import Hub
from streams.publishing.refusals import counted

BURST_S = 10  # a burst is what may come in so long
MINUTE_S = 60.0
GUESTS_SHARE = 5  # times as much for all guests of one address: a new guest costs nothing but a request


class Allowance:
    """So many of something in ``per_s`` seconds for each account, and bursts of ``burst``."""

    def __init__(self, what: str, number: float, per_s: float, burst: float, clock: Callable[[], float]) -> None:
        self._what = what
        self._rates = Rates(number / per_s, max(1.0, burst), clock)
        self._limit = f"{number:g} {'a second' if per_s == 1 else 'a minute'}"

    def __len__(self) -> int:
        """How many accounts are remembered."""
        return len(self._rates)

    def take(self, account: str, number: int = 1) -> None:
        """Count ``number`` of them; raises LimitReached, which names the limit and the time to wait, and counts none.

        More than a burst at once is let through where there is anything left, and paid for by those who come next.
        """
        wait_s = self._rates.take(account, number)
        if wait_s:
            more = number if number > 1 else "one"
            text = f"too many {self._what}: {more} more would pass the limit of {self._limit}"
            raise counted(LimitReached(text, retry_after_s=wait_s))


class Allowances:
    """events: that are published. messages: that are said in rooms. questions: that a model is asked.

    guests: the questions of all guests from one address. operations: of rooms, by request; a socket has its own rate.
    """

    def __init__(self, settings: StreamSettings, clock: Callable[[], float] = time.monotonic) -> None:
        events, messages, questions = (
            settings.max_events_per_s,
            settings.max_messages_per_s,
            settings.max_questions_per_min,
        )
        self.events = Allowance("events", events, 1, events * BURST_S, clock)
        self.messages = Allowance("messages", messages, 1, messages * BURST_S, clock)
        self.questions = Allowance("questions", questions, MINUTE_S, questions, clock)
        operations = settings.max_operations_per_s
        self.operations = Allowance("operations", operations, 1, operations * BURST_S, clock)
        ours = questions * GUESTS_SHARE
        self.guests = Allowance("questions of guests from your address", ours, MINUTE_S, ours, clock)


_allowances: "weakref.WeakKeyDictionary[Hub, Allowances]" = weakref.WeakKeyDictionary()


def allowances(hub: Hub) -> Allowances:
    """Those of this process."""
    found = _allowances.get(hub)
    if found is None:
        found = _allowances[hub] = Allowances(hub.settings)
    return found
