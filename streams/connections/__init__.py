"""Who is connected to this process, which process does what only one must do, and the server's vital signs."""

from streams.connections.commands import keep_commanded
from streams.connections.connection import Connection
from streams.connections.lease import claim_lease, release_lease
from streams.connections.network import network_of
from streams.connections.peer import current_peer, serving
from streams.connections.recheck import keep_checked
from streams.connections.registry import Registry, connected_reader, drop_deaf, registry
from streams.connections.upkeep import keep_trimmed
from streams.connections.vitals import publish_vitals
from streams.logs import process_name

__all__ = [
    "Connection",
    "Registry",
    "claim_lease",
    "connected_reader",
    "current_peer",
    "drop_deaf",
    "keep_checked",
    "keep_commanded",
    "keep_trimmed",
    "network_of",
    "process_name",
    "publish_vitals",
    "registry",
    "release_lease",
    "serving",
]
