"""``GET /models``."""

import pytest

from streams.publishing import create_token
from tests.harness.asgi import Exchange

pytestmark = pytest.mark.django_db(transaction=True)


async def ask(hub, method="GET"):
    text = await hub.gateway.run(lambda: create_token(name="reader", chat=True)[1])
    async with Exchange(method, "/models", headers={"Authorization": f"Bearer {text}"}) as answer:
        return answer.status, await answer.json()


async def test_without_a_key_the_demo_model_is_all_there_is(hub):
    status, value = await ask(hub)
    assert (status, value["source"], value["default"]) == (200, "demo", "demo")
    assert [(one["id"], one["price"]) for one in value["models"]] == [("demo", None)]


async def test_with_a_key_the_vendors_models_are_told_with_their_prices(
    hub, settings, messages_api, loopback_without_proxy
):
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-ant-test", messages_api.url()
    _, value = await ask(hub)
    assert (value["source"], value["default"]) == ("api", "claude-sonnet-4-6")
    found = {one["id"]: one for one in value["models"]}
    assert found["claude-opus-5-5"]["thinking"] == "always"
    assert found["claude-opus-5-5"]["max_input_tokens"] == 1_000_000
    assert found["claude-plain-1"]["price"] is None


async def test_only_who_may_talk_here_is_told_and_only_by_get(hub, settings):
    settings.DEBUG = False
    async with Exchange("GET", "/models") as answer:
        assert answer.status == 401
    assert (await ask(hub, "POST"))[0] == 405
