"""All SQL about events: append, read, trim. Sync functions, and the gateway by which async code calls them."""

from streams.eventlog.append import Appended, AppendRequest, MakeRows, append, append_many
from streams.eventlog.clear import check_deletable, check_resettable, delete_topic, empty, reset
from streams.eventlog.gateway import Gateway
from streams.eventlog.read import Head, LogPage, read_bounds, read_head, read_heads, read_page, read_types
from streams.eventlog.trim import trim, trim_some

__all__ = [
    "AppendRequest",
    "Appended",
    "Gateway",
    "Head",
    "LogPage",
    "MakeRows",
    "append",
    "append_many",
    "check_deletable",
    "check_resettable",
    "delete_topic",
    "empty",
    "read_bounds",
    "read_head",
    "read_heads",
    "read_page",
    "read_types",
    "reset",
    "trim",
    "trim_some",
]
