import pytest

from streams.publishing import create_token
from tests.harness.asgi import Exchange
from tests.harness.fixtures import make_hub, no_queries_in_the_loop, streams_settings  # noqa: F401


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A place for the bytes that is the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
async def token(hub):
    """The headers of a token that may have files, and add its own."""
    text = await hub.gateway.run(lambda: create_token(name="uploader", files=True)[1])
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def ask(hub, token):
    """``answer = await ask("GET", "/files/a")``: its status, headers and body, all read."""

    async def asked(method, path, headers=None, body=b"", *, who=None, query=()):
        headers = (token if who is None else who) | (headers or {})
        async with Exchange(method, path, headers=headers, body=body, query=query) as answer:
            answer.content = await answer.body()
            return answer

    return asked
