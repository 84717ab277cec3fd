"""``GET /models``: the models that may be asked here, and what they cost."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone

from streams.chat.catalogue import Listing
from streams.chat.model import current_runner
from streams.errors import MethodNotAllowed, NotSignedIn
from streams.http.errors import answers_errors
from streams.models.price import price_of
from streams.publishing import identify


@answers_errors
async def models(request: HttpRequest) -> HttpResponseBase:
    """``{"models", "default", "source", "as_of"}``, for whoever may talk here."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow="GET, HEAD")
    runner = await current_runner()
    who = await runner.hub.gateway.run(identify, request.user, request.session, request.headers)
    if who.kind == "nobody":
        raise NotSignedIn("sign in, or send a bearer token, to see the models")
    listing = await runner.provider.catalogue.current()
    prices = await runner.hub.gateway.run(_prices, listing)
    value = {
        "models": [one.as_json() | {"price": prices.get(one.id)} for one in listing.models],
        "default": runner.provider.model,
        "source": listing.source,
        "as_of": listing.as_of.isoformat(),
    }
    response = JsonResponse(value)
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _prices(listing: Listing) -> dict[str, dict[str, Any]]:
    """USD per million tokens, of the models that have a price; of the demo there is none to have."""
    if listing.source == "demo":
        return {}
    today = timezone.now().date()
    found = {one.id: price_of(one.id, today) for one in listing.models}
    return {
        model: {"input_usd": float(one.input_usd), "output_usd": float(one.output_usd), "since": one.since.isoformat()}
        for model, one in found.items()
        if one is not None
    }
