"""Where a WebSocket may come from."""

import pytest

from streams.errors import Forbidden
from streams.http.origin import check_origin


@pytest.fixture(autouse=True)
def site(settings):
    settings.ALLOWED_HOSTS = ["example.com", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.org"]
    settings.SECURE_PROXY_SSL_HEADER = None


def check(origin, host="example.com", scheme="ws", **headers):
    given = {"host": host, **headers} | ({} if origin is None else {"origin": origin})
    check_origin({"scheme": scheme}, given)


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://example.com", "example.com", "ws"),
        ("https://example.com", "example.com", "wss"),
        ("http://example.com:8000", "example.com:8000", "ws"),
        ("http://[::1]:8000", "[::1]:8000", "ws"),
        ("https://app.example.org", "example.com", "ws"),
    ],
)
def test_this_very_site_and_trusted_ones_are_let_in(origin, host, scheme):
    check(origin, host, scheme)


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("null", "example.com", "ws"),
        ("", "example.com", "ws"),
        ("https://evil.example", "example.com", "ws"),
        ("http://sub.example.com", "example.com", "ws"),
        ("http://example.com.evil.example", "example.com", "ws"),
        ("http://example.com:8000", "example.com", "ws"),
        ("http://example.com", "example.com:8000", "ws"),
        ("https://example.com", "example.com", "ws"),
        ("http://example.com", "example.com", "wss"),
        ("http://example.com/", "example.com", "ws"),
        ("http://app.example.org", "example.com", "ws"),
        ("http://evil.example", "evil.example", "ws"),
        ("http://", "", "ws"),
    ],
)
def test_any_other_page_is_refused(origin, host, scheme):
    with pytest.raises(Forbidden):
        check(origin, host, scheme)


def test_a_program_without_an_origin_needs_a_bearer_token():
    check(None, authorization="Bearer x")
    for headers in ({}, {"cookie": "sessionid=x"}, {"authorization": ""}):
        with pytest.raises(Forbidden, match="bearer token"):
            check(None, **headers)


def test_behind_a_proxy_its_word_on_the_scheme_counts_and_only_there(settings):
    with pytest.raises(Forbidden):
        check("https://example.com", **{"x-forwarded-proto": "https"})
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    check("https://example.com", **{"x-forwarded-proto": "https"})
    with pytest.raises(Forbidden):
        check("https://example.com", **{"x-forwarded-proto": "http"})
