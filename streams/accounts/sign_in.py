"""Signing in and signing up: Django's forms and views, with a limit on attempts."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from streams.accounts.attempts import limits_attempts
from streams.accounts.forms import SignUpForm
from streams.conf import get_settings
from streams.errors import NotFound
from streams.http.errors import error_response, wants_page

SIGN_UP_COSTS = 3  # attempts of an address: a new account is more than a try


class NextPage(RedirectURLMixin):
    """Where a person goes once signed in: on to a safe ``next`` of this site, but never back to the page itself."""

    request: HttpRequest

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Nothing if it is unsafe, or would lead in a circle. (The argument is of a later Django.)"""
        url = super().get_redirect_url()
        return "" if url.partition("?")[0] == self.request.path else url

    def get_default_redirect_url(self) -> str:
        """The chat."""
        return resolve_url("chat")

    def context_of_page(self) -> dict[str, Any]:
        """What both forms show."""
        return {"next": self.get_redirect_url(), "sign_up": get_settings().sign_up}


@method_decorator(limits_attempts(), name="post")
class SignIn(NextPage, LoginView):
    """Whether it was the name or the password that was wrong is told by no text, and by no time that it takes.

    Django tries a password for a name that nobody has too.
    """

    template_name = "streams/accounts/sign_in.html"
    redirect_authenticated_user = True  # SameSite keeps the cookie from the pages that would like to know

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With a link to sign up, where that is allowed."""
        return super().get_context_data(**kwargs) | self.context_of_page()


@method_decorator([sensitive_post_parameters(), csrf_protect, never_cache], name="dispatch")
@method_decorator(limits_attempts("up", costs=SIGN_UP_COSTS), name="post")
class SignUp(NextPage, FormView):  # type: ignore[type-arg]  # takes none at run time
    """A new account without any rights, whose person is signed in at once; only where ``STREAMS_SIGN_UP`` is on."""

    form_class = SignUpForm
    template_name = "streams/accounts/sign_up.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """404 where it is off; on to the next page for whoever has an account."""
        if not get_settings().sign_up:
            return _off(request)
        if request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Make the account and sign in, which gives the session a new key."""
        try:
            with transaction.atomic():
                user = form.save()
        except IntegrityError:  # somebody else took the name in this moment
            form.add_error("username", "A user with that username already exists.")
            return self.form_invalid(form)
        login(self.request, user)
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the page to go to."""
        return super().get_context_data(**kwargs) | self.context_of_page()


def _off(request: HttpRequest) -> HttpResponseBase:
    if wants_page(request):
        return render(request, "streams/accounts/sign_up_off.html", status=404)
    return error_response(NotFound("nobody can sign up here: STREAMS_SIGN_UP is off"))
