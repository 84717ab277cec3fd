"""All kinds of reports, by name; the first is what one gets who does not say."""

from streams.reports.connections import CONNECTIONS
from streams.reports.events import EVENTS
from streams.reports.generations import GENERATIONS
from streams.reports.messages import MESSAGES
from streams.reports.report import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (EVENTS, MESSAGES, CONNECTIONS, GENERATIONS)}
DEFAULT = EVENTS
