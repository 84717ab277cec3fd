"""New epochs for logs that are kept: after a restore nobody may take a position of lost days for one of now."""

from collections.abc import Collection

from django.db import transaction

from streams.models import Topic
from streams.models.topic import new_epoch

AT_ONCE = 500


def renew_epochs(names: Collection[str] | None = None) -> int:
    """Give these topics (None: all) a new epoch each; how many there are. Events and numbers stay as they are.

    Every reader with a position of before is told of a gap of the reason ``epoch``, and gets all that is kept. Readers
    that are connected are too, within a second. Touches the database, in transactions of ``AT_ONCE`` topics.
    """
    topics = Topic.objects.all() if names is None else Topic.objects.filter(name__in=names)
    after, renewed = "", 0
    while some := _renew_some(list(topics.filter(name__gt=after).order_by("name").values_list("pk", "name")[:AT_ONCE])):
        after, count = some
        renewed += count
    return renewed


@transaction.atomic
def _renew_some(keys: list[tuple[int, str]]) -> tuple[str, int] | None:
    """The last name of them, and how many there still are; locked in the order of their names, as appending does."""
    if not keys:
        return None
    rows = list(Topic.objects.select_for_update().filter(pk__in=[key for key, _ in keys]).order_by("name"))
    for topic in rows:
        topic.epoch = new_epoch()
    Topic.objects.bulk_update(rows, ["epoch"])
    return keys[-1][1], len(rows)
