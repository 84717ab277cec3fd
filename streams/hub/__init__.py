"""Fan-out in one process: a ring of events per followed topic, readers as cursors, the doorbell between processes."""

from streams.hub.doorbell import announce
from streams.hub.follow import Position, follow, resolve
from streams.hub.hub import Hub, close_hub, current_hub
from streams.hub.live import LiveTopic
from streams.hub.ring import Announcement, Batch, Gap, Ring

__all__ = [
    "Announcement",
    "Batch",
    "Gap",
    "Hub",
    "LiveTopic",
    "Position",
    "Ring",
    "announce",
    "close_hub",
    "current_hub",
    "follow",
    "resolve",
]
