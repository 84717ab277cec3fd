"""The one way in: who may, what is well formed, and the commit that many share."""

from streams.publishing.allowances import allowances
from streams.publishing.identity import Identity, identify, identify_again, welcome_guest
from streams.publishing.permissions import (
    check_publish,
    check_read,
    check_topics_to_read,
    still_readable,
    topic_to_read,
)
from streams.publishing.publish import apublish, apublish_events, new_event, publish, publish_events
from streams.publishing.refusals import counted, refused_by_code
from streams.publishing.tokens import create_token

__all__ = [
    "Identity",
    "allowances",
    "apublish",
    "apublish_events",
    "check_publish",
    "check_read",
    "check_topics_to_read",
    "counted",
    "create_token",
    "identify",
    "identify_again",
    "new_event",
    "publish",
    "publish_events",
    "refused_by_code",
    "still_readable",
    "topic_to_read",
    "welcome_guest",
]
