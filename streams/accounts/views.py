"""``/account/``: who one is here, the password, and signing out everywhere."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe

from streams.accounts.attempts import limits_attempts
from streams.accounts.forms import PasswordForm
from streams.accounts.tokens import may_publish, may_upload, tokens_of


@require_safe
@login_required
@never_cache
def account_page(request: HttpRequest) -> HttpResponseBase:
    """Who one is, what one may, and where to change it."""
    user: Any = request.user
    good, _ = tokens_of(user)
    context = {"may_publish": may_publish(user), "may_upload": may_upload(user), "tokens": len(good)}
    return render(request, "streams/accounts/account.html", context)


@method_decorator(never_cache, name="dispatch")
@method_decorator(limits_attempts(own=True), name="post")
class ChangePassword(PasswordChangeView):
    """A new password. The session that asks gets a new key and goes on; all others are no good, nor are their streams.

    Streams of this browser that were opened under the old key end too, since a thief may have that key.
    """

    template_name = "streams/accounts/password.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: Any) -> HttpResponse:
        """Say so on the account's page."""
        response = super().form_valid(form)
        messages.success(self.request, "Your password is changed. Wherever else you were signed in, you are not now.")
        return response


@sensitive_post_parameters()
@csrf_protect
@login_required
@never_cache
@limits_attempts(own=True)
@sensitive_variables()
def sign_out_everywhere(request: HttpRequest) -> HttpResponseBase:
    """End all sessions of the person, this one too; asks for the password.

    A session is good as long as it has the digest of the password's hash, so the same password is hashed anew.
    """
    user: Any = request.user
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user.set_password(form.cleaned_data["password"])
        user.save(update_fields=["password"])
        logout(request)
        messages.success(request, "You are signed out everywhere.")
        return redirect("login")
    return render(request, "streams/accounts/sign_out.html", {"form": form}, status=200)
