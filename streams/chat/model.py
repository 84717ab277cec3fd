"""Which model answers here: Claude if there is a key, else the demo model."""

from typing import Any

from django.conf import settings as django_settings

from streams.chat.claude import ClaudeProvider
from streams.chat.demo import DemoProvider
from streams.chat.generations import GenerationRunner
from streams.chat.provider import ModelProvider
from streams.conf import get_settings
from streams.hub import Hub, current_hub

_runners: dict[Hub, GenerationRunner] = {}


def make_provider() -> ModelProvider:
    """A provider for this process; nothing is imported from the vendor until the first question."""
    settings = get_settings()
    if not django_settings.ANTHROPIC_API_KEY:
        return DemoProvider(docs_root=django_settings.BASE_DIR)
    return ClaudeProvider(
        api_key=django_settings.ANTHROPIC_API_KEY,
        base_url=django_settings.ANTHROPIC_BASE_URL or None,
        model=settings.model,
        read_timeout_s=settings.model_idle_s,
    )


async def current_runner() -> GenerationRunner:
    """The runner of this process."""
    hub = await current_hub()
    runner = _runners.get(hub)
    if runner is None:
        runner = _runners[hub] = GenerationRunner(hub, make_provider())
    return runner


async def close_runner(hub: Hub) -> None:
    """End the answers of this process as interrupted and close the provider."""
    runner = _runners.pop(hub, None)
    if runner is not None:
        await runner.end_all()
        await runner.provider.aclose()


async def check_model(provider: ModelProvider, wanted: object) -> str:
    """A model that somebody wants, if it is offered; empty for None and "". Raises InvalidInput.

    The vendor is asked for its list if that is old, which may take some seconds.
    """
    return (await provider.catalogue.current()).check(wanted) if wanted not in (None, "") else ""


def describe_model() -> dict[str, Any]:
    """``{"label", "name", "demo"}`` for the page."""
    if not django_settings.ANTHROPIC_API_KEY:
        return {"label": DemoProvider.label, "name": DemoProvider.model, "demo": True}
    return {"label": ClaudeProvider.label, "name": get_settings().model, "demo": False}
