"""Fan-out in one process: a ring of events per followed topic, readers as cursors, the doorbell between processes."""

from streams.hub.cursor import Cursor
from streams.hub.doorbell import announce
from streams.hub.follow import Reader, follow, open_reader
from streams.hub.hub import Hub, close_hub, current_hub
from streams.hub.live import LiveTopic, Silence, Waiter
from streams.hub.position import Position, resolve
from streams.hub.ring import Announcement, Batch, Gap, Ring
from streams.hub.until import Until, follow_until

__all__ = [
    "Announcement",
    "Batch",
    "Cursor",
    "Gap",
    "Hub",
    "LiveTopic",
    "Position",
    "Reader",
    "Ring",
    "Silence",
    "Until",
    "Waiter",
    "announce",
    "close_hub",
    "current_hub",
    "follow",
    "follow_until",
    "open_reader",
    "resolve",
]
