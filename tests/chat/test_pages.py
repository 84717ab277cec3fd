"""The page of a room."""

import pytest
from django.contrib.auth.models import User

from streams.chat.rooms import ensure_room
from streams.models import Topic

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_room_that_is_missing_and_one_that_is_private_answer_alike(client):
    """Both were an internal error."""
    ensure_room("lobby", title="Lobby")
    ensure_room("secret", title="Secret")
    Topic.objects.filter(name="room:secret").update(visibility="private")
    client.force_login(User.objects.create_user("ann"))
    assert client.get("/rooms/lobby/").status_code == 200
    for path in ("/rooms/secret/", "/rooms/nowhere/"):
        page = client.get(path, HTTP_ACCEPT="text/html")
        assert (page.status_code, "Nothing flows here" in page.text) == (404, True)
