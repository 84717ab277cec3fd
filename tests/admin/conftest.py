"""Staff with the permissions that a test names, and what they act on."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from streams.eventlog import append
from streams.models import Topic
from streams.wire.event import NewEvent
from tests.harness.fixtures import streams_settings  # noqa: F401


@pytest.fixture
def staff_with(client):
    """``staff_with("streams.view_topic", …)``: a client of a staff user who may just that."""

    def sign_in(*permissions, is_staff=True):
        user = get_user_model().objects.create_user("eve", is_staff=is_staff)
        for name in permissions:
            label, _, codename = name.partition(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def root(client):
    """A client of a superuser."""
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


@pytest.fixture
def orders(transactional_db):
    """A topic of 30 events."""
    Topic.objects.create(name="orders")
    append("orders", [NewEvent(f'{{"number":{n}}}', "even" if n % 2 == 0 else "odd") for n in range(1, 31)])
    return Topic.objects.get(name="orders")
