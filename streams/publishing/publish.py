"""Publish: append, then tell the readers. The only functions that emit events; nothing publishes from a signal."""

import weakref
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction

from streams.conf import get_settings
from streams.eventlog import Appended, MakeRows, append
from streams.hub import Announcement, Hub, announce, current_hub
from streams.publishing.group_commit import GroupCommit
from streams.wire.event import NewEvent, check_data, check_key, check_type
from streams.wire.jsontext import encode_json
from streams.wire.names import check_topic_name

_commits: "weakref.WeakKeyDictionary[Hub, GroupCommit]" = weakref.WeakKeyDictionary()


def new_event(data: Any, *, type: str = "message", key: str | None = None) -> NewEvent:
    """A checked event; raises InvalidEvent, InvalidJSON, TooLarge with the limit and the value."""
    text = check_data(encode_json(data), max_bytes=get_settings().max_event_bytes)
    return NewEvent(text, check_type(type), check_key(key))


def publish(topic: str, data: Any, *, type: str = "message", key: str | None = None) -> str:
    """Publish one event from sync code; its id.

    Inside ``transaction.atomic()`` the event is part of that transaction: rolled back with it, delivered after its
    commit. The topic is made if it is missing. A ``key`` that the topic knows appends nothing and answers the first
    event's id. Raises InvalidTopicName, InvalidEvent, InvalidJSON, TooLarge, KeyReused, NoSuchTopic (a
    room's that is gone).
    """
    return publish_events(topic, [new_event(data, type=type, key=key)]).ids[0]


def publish_events(topic: str, events: Sequence[NewEvent]) -> Appended:
    """Publish checked events from sync code, all or none; see ``publish``."""
    appended = append(check_topic_name(topic), events)
    if appended.new:
        transaction.on_commit(partial(announce, announcement_of(appended)))
    return appended


async def apublish(topic: str, data: Any, *, type: str = "message", key: str | None = None) -> str:
    """Publish one event from async code; its id. Returns after the commit, which concurrent publishes share.

    Raises as ``publish``, and Unavailable. Cancellation: the event may be committed all the same.
    """
    appended = await apublish_events(topic, [new_event(data, type=type, key=key)])
    return appended.ids[0]


async def apublish_events(topic: str, events: Sequence[NewEvent], rows: MakeRows | None = None) -> Appended:
    """Publish checked events from async code, all or none; see ``apublish``.

    ``rows``: what is inserted with them, in the same transaction.
    """
    hub = await current_hub()
    commit = _commits.get(hub)
    if commit is None:
        commit = _commits[hub] = GroupCommit(hub)
    return await commit.append(check_topic_name(topic), tuple(events), rows)


def announcement_of(appended: Appended) -> Announcement:
    """What the doorbell says of it."""
    return Announcement(appended.topic, appended.epoch, appended.head, appended.new)
