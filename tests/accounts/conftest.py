import pytest
from django.contrib.auth.models import Permission, User

from streams.accounts.attempts import attempts_of_addresses, attempts_of_names
from tests.harness.fixtures import make_hub, no_queries_in_the_loop, streams_settings  # noqa: F401

PASSWORD = "river-lamp-42"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    """What is tested is not how slow a hash is."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def fresh_attempts():
    """Nobody has tried anything yet."""
    attempts_of_names.cache_clear()
    attempts_of_addresses.cache_clear()


@pytest.fixture
def make_user(transactional_db):
    """``make_user("ann", "add_event", is_active=False)``: a user with those permissions."""

    def make(name, *permissions, **fields):
        user = User.objects.create_user(name, password=PASSWORD, **fields)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=permissions, content_type__app_label="streams")
        )
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def ann(make_user):
    """A user who may publish."""
    return make_user("ann", "add_event")


@pytest.fixture
def hers(client, ann):
    """The browser in which ann is signed in."""
    client.force_login(ann)
    return client
