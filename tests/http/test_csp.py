"""The content security policy: on every page, but for Django's own pages of errors in debug."""

import pytest

from tests.harness.asgi import request


@pytest.mark.parametrize("path", ["/login/", "/topics/"])
async def test_pages_allow_nothing_inline_and_nothing_foreign(path, hub):
    status, headers, _ = await request("GET", path)
    policy = headers["content-security-policy"]
    assert status == 200
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(("debug", "guarded"), [(True, False), (False, True)])
async def test_djangos_page_of_a_missing_path_keeps_its_styles_in_debug(debug, guarded, settings, hub):
    settings.DEBUG = debug
    status, headers, _ = await request("GET", "/nope", headers={"Accept": "text/html"})
    assert status == 404
    assert ("content-security-policy" in headers) is guarded
