"""The admin as a whole: who gets in, what its pages may do in a browser, and every page of it answers."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from project.static import StaticFiles
from streams.http.csp import ADMIN_POLICY, POLICY

pytestmark = pytest.mark.django_db(transaction=True)
STRICT = ["/", "/topics/", "/jobs/", "/files/", "/reports/", "/diagnostics/", "/login/", "/account/", "/admin/nothing/"]


def lists():
    return sorted(
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
    )


def test_the_staff_signs_in_where_everybody_does(client, root):
    client.logout()
    assert (
        client.get("/admin/streams/topic/", follow=True).redirect_chain[-1][0] == "/login/?next=/admin/streams/topic/"
    )
    root.force_login(root_user())
    assert root.get("/admin/login/", {"next": "/admin/streams/topic/"}).url == "/admin/streams/topic/"
    assert root.get("/admin/login/", {"next": "//evil.example"}).url == "/admin/"


def root_user():
    from django.contrib.auth.models import User

    return User.objects.get(username="root")


def test_who_is_no_staff_reaches_nothing_whatever_they_may(staff_with):
    client = staff_with("streams.view_topic", "streams.change_topic", "admin.view_logentry", is_staff=False)
    for path in ["/admin/", *lists()]:
        answer = client.get(path, follow=True)
        assert answer.status_code == 403, path
        assert client.post(path, {"action": "x"}).status_code in (302, 403)
    assert not LogEntry.objects.exists()


def test_the_staff_sees_only_what_it_may(staff_with):
    client = staff_with("streams.view_topic")
    page = client.get("/admin/").content.decode()
    assert "/admin/streams/topic/" in page
    for path in lists():
        assert client.get(path).status_code == (200 if path == "/admin/streams/topic/" else 403), path
        assert (path in page) is (path == "/admin/streams/topic/"), path


@pytest.mark.parametrize("path", STRICT)
def test_outside_of_the_admin_the_policy_is_strict(path, root):
    policy = root.get(path).headers["Content-Security-Policy"]
    assert policy == POLICY
    assert "unsafe" not in policy


def test_the_policy_of_the_admin_allows_what_its_theme_needs_and_no_more(root, orders):
    for path in ["/admin/", *lists(), reverse("admin:streams_topic_change", args=[orders.pk])]:
        response = root.get(path)
        assert response.status_code == 200, path
        assert response.headers["Content-Security-Policy"] == ADMIN_POLICY
        page = response.content.decode()
        assert "<style" not in page and "<script>" not in page and " onclick=" not in page, path
    assert ADMIN_POLICY.count("unsafe") == 2
    assert "script-src 'self' 'unsafe-eval';" in ADMIN_POLICY
    assert "style-src 'self'; style-src-attr 'unsafe-inline';" in ADMIN_POLICY


def test_static_files_of_the_theme_come_before_those_of_django(settings):
    """They have the same names: Django's, found last, would be served instead."""
    settings.DEBUG = True
    files = StaticFiles(None)
    for path in ("admin/js/actions.js", "unfold/css/styles.css", "unfold/js/chart/chart.js"):
        found = files._files.find_file(f"/static/{path}")
        assert "/unfold/static/" in found.alternatives[0][1], path
