"""Fixtures that a directory's conftest.py takes over by importing them."""

import pytest
from django.db import connection, transaction

from streams.conf import get_settings
from streams.hub import close_hub, current_hub

KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # what migrating put there


def empty_tables() -> None:
    """Delete all rows that a test may have made; the order doesn't matter, foreign keys are checked at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            if table not in KEPT:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@pytest.fixture
def streams_settings():
    """``streams_settings(ring_events=4)``: the settings that the environment would give, for the length of a test."""
    with pytest.MonkeyPatch.context() as patch:

        def change(**values: object):
            for name, value in values.items():
                patch.setenv(f"STREAMS_{name.upper()}", str(value))
            get_settings.cache_clear()
            return get_settings()

        yield change
    get_settings.cache_clear()


@pytest.fixture
async def make_hub(transactional_db, streams_settings):
    """``await make_hub(ring_events=4)``: the hub of the test's loop, with other settings; closed with the test."""

    async def make(**values: object):
        streams_settings(**values)
        return await current_hub()

    yield make
    await close_hub()


@pytest.fixture(autouse=True)
def no_queries_in_the_loop(monkeypatch):
    """As in production: Django refuses a query that would block the event loop. (Any value turns that off.)"""
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
