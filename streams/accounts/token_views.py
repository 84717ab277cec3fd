"""``/account/tokens``: the tokens of whoever is signed in; the text of a new one is in one answer and nowhere else."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from streams.accounts.forms import TokenForm
from streams.accounts.tokens import make_token, may_publish, may_upload, revoke_token, token_of, tokens_of
from streams.conf import get_settings
from streams.errors import NotFound, StreamsError
from streams.http.errors import page_not_found


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@login_required
@never_cache
def tokens_page(request: HttpRequest) -> HttpResponseBase:
    """The list, and a form; POST makes one and shows its text, this once."""
    if request.method != "POST":
        return _page(request, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        token, text = make_token(request.user, **form.cleaned_data)
    except StreamsError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=error.status)
    return _page(request, TokenForm(), made=token, text=text, status=201)


def _page(request: HttpRequest, form: TokenForm, *, status: int = 200, **more: Any) -> HttpResponseBase:
    good, ended = tokens_of(request.user)
    context = {
        "form": form,
        "good": good,
        "ended": ended,
        "limit": get_settings().max_tokens_per_user,
        "may_publish": may_publish(request.user),
        "may_upload": may_upload(request.user),
        **more,
    }
    return render(request, "streams/accounts/tokens.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@login_required
@never_cache
def revoke(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Asks first; POST does it."""
    try:
        token = token_of(request.user, pk)
    except NotFound as error:
        return page_not_found(request, error)
    if request.method != "POST":
        return render(request, "streams/accounts/revoke.html", {"token": token})
    revoke_token(token)
    messages.success(request, f"{token.name} is revoked. What it was reading ends within seconds.")
    return redirect("tokens")
