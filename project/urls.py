"""The site: the admin, and everything of the app."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/password_change/", RedirectView.as_view(pattern_name="account-password")),
    path("admin/", admin.site.urls),
    path("", include("streams.urls")),
]

handler404 = "streams.http.errors.page_not_found"
handler500 = "streams.http.errors.server_error"
