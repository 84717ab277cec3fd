import pytest

from streams.publishing import Identity
from tests.harness.fixtures import streams_settings  # noqa: F401

ALICE = Identity("user", "u:1", "Alice", may_upload=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A place for the bytes that is the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
