"""A scripted Messages API, and providers that talk to it; all of it on real loopback sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from streams.chat.claude import ClaudeProvider
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.fixtures import make_hub, streams_settings  # noqa: F401

API_KEY = "sk-ant-test-do-not-show-0123456789"

MakeClaude = Callable[..., ClaudeProvider]


@pytest.fixture
def loopback_without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's client goes through HTTP_PROXY even to loopback, unless it is told not to."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest_asyncio.fixture
async def messages_api() -> AsyncIterator[FakeMessagesAPI]:
    async with FakeMessagesAPI(pace_s=0.01) as api:
        yield api


@pytest_asyncio.fixture
async def make_claude(messages_api: FakeMessagesAPI, loopback_without_proxy: None) -> AsyncIterator[MakeClaude]:
    """``make_claude("slow", read_timeout_s=…)``: a provider that meets one scenario."""
    closes: list[Callable[[], Awaitable[None]]] = []

    def make(scenario: str | None = None, *, base_url: str | None = None, **options: float) -> ClaudeProvider:
        provider = ClaudeProvider(API_KEY, base_url or messages_api.url(scenario), "claude-sonnet-4-6", **options)
        closes.append(provider.aclose)
        return provider

    yield make
    for close in closes:
        await close()
