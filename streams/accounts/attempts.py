"""How often a password may be tried: by each address and for each user name, at each process.

A name's attempts come back when its password was given; those of an address only with time, or whoever has one account
could try for ever.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar, cast

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.debug import sensitive_variables

from streams.conf import get_settings
from streams.connections import network_of
from streams.errors import LimitReached
from streams.flow import TokenBucket
from streams.http.errors import error_response, wants_page

logger = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., HttpResponseBase])
PER_ADDRESS = 3  # times what one name has: an office shares an address
MAX_KEYS = 10_000  # about 4 MB of each kind
MAX_NAME_CHARS = 150


class Attempts:
    """A token bucket for each key, the ``limit`` keys that were used last; for threads."""

    def __init__(
        self, *, burst: float, every_s: float, limit: int = MAX_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._rate, self._limit, self._clock = burst, 1 / every_s, limit, clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, attempts: float = 1) -> float:
        """Take an attempt: 0.0; or take none and answer the seconds until there is one."""
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None:
                bucket = self._buckets[key] = TokenBucket(self._rate, self._burst, self._clock)
                if len(self._buckets) > self._limit:
                    self._buckets.popitem(last=False)
            self._buckets.move_to_end(key)
            return bucket.take(attempts)

    def forget(self, key: str) -> None:
        """Give back all attempts of ``key``."""
        with self._lock:
            self._buckets.pop(key, None)


@cache
def attempts_of_names() -> Attempts:
    """Those for each user name, in this process."""
    settings = get_settings()
    return Attempts(burst=settings.sign_in_attempts, every_s=settings.sign_in_attempt_s)


@cache
def attempts_of_addresses() -> Attempts:
    """Those of each address, in this process."""
    settings = get_settings()
    return Attempts(burst=settings.sign_in_attempts * PER_ADDRESS, every_s=settings.sign_in_attempt_s / PER_ADDRESS)


def limits_attempts(purpose: str = "in", *, own: bool = False, costs: float = 1) -> Callable[[View], View]:
    """Decorate a view whose POST tries a password: one attempt too many is answered 429, and nothing is tried.

    purpose: names are counted apart for each, so that who signs up by a name locks nobody out. own: the password is
    that of who is signed in, not of the name in the form. costs: attempts of an address. The view redirects when it
    succeeds, and only then. To go inside of ``csrf_protect``: what a foreign page makes a browser send costs nothing.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @sensitive_variables()
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return view(request, *args, **kwargs)
            address, name = network_of(request.META.get("REMOTE_ADDR", "")), _name(request, own)
            key = f"{purpose}:{name}"
            if wait_s := attempts_of_addresses().take(address, costs):  # the name may be a password by mistake
                logger.warning("too many attempts to sign %s from %s", purpose, address)
                return _too_many(request, wait_s)
            if wait_s := attempts_of_names().take(key):
                logger.warning("too many attempts to sign %s as %.80r, now from %s", purpose, name, address)
                return _too_many(request, wait_s)
            response = view(request, *args, **kwargs)
            if response.status_code == 302:
                attempts_of_names().forget(key)
            return response

        return cast(View, limited)

    return decorate


def _name(request: HttpRequest, own: bool) -> str:
    """The name whose password is tried, in whatever case."""
    name = request.user.get_username() if own else request.POST.get("username", "")
    return str(get_user_model().normalize_username(name[:MAX_NAME_CHARS])).strip().casefold()


def _too_many(request: HttpRequest, wait_s: float) -> HttpResponseBase:
    seconds = math.ceil(wait_s)
    if not wants_page(request):
        return error_response(LimitReached(f"too many attempts; try again in {seconds} s", retry_after_s=seconds))
    response = render(request, "streams/accounts/too_many.html", {"wait_s": seconds}, status=429)
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response
