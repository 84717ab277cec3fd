"""The admin's site: django-unfold's, signed into where everybody signs in, with colours that are no inline style."""

from typing import Any

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.sites import UnfoldAdminSite


class StreamsAdminSite(UnfoldAdminSite):
    """For the staff; others learn that they may not, and nobody signs in here: ``/login/`` has the limits."""

    site_title = site_header = "Streams"
    index_title = "Dashboard"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """As unfold's, but the colours come by ``admin.css``: the policy allows no style in the page."""
        context: dict[str, Any] = super().each_context(request) | {"colors": None}
        return context

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the site's own sign-in and back; 403 for those who are signed in and not of the staff."""
        from django.contrib.auth.views import redirect_to_login  # needs the apps, which this module is before

        target = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(target)
        if not self.has_permission(request):
            raise PermissionDenied
        safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
        return redirect(target if safe else reverse("admin:index"))


class AdminConfig(DjangoAdminConfig):
    """``django.contrib.admin`` with that site."""

    default_site = "project.admin.StreamsAdminSite"
