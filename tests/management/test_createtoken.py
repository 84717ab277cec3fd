"""``manage.py createtoken``."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from streams.models import Token
from streams.publishing import Identity
from streams.publishing.permissions import may_publish
from streams.publishing.tokens import verify_token

pytestmark = pytest.mark.django_db(transaction=True)


def create(*arguments):
    out = StringIO()
    call_command("createtoken", *arguments, stdout=out)
    return out.getvalue()


def test_prints_the_token_alone_and_keeps_only_its_digest():
    printed = create("deploy", "--publish", "orders*", "--publish", "jobs", "--read", "room:*", "--chat")
    assert printed.count("\n") == 1
    token = verify_token(printed.strip())
    assert (token.name, token.publish, token.read, token.chat) == ("deploy", "orders* jobs", "room:*", True)
    assert token.expires_at is None
    assert printed.strip() not in repr(Token.objects.values())


def test_it_may_do_what_it_was_made_for():
    token = verify_token(create("deploy", "--publish", "orders*").strip())
    who = Identity("token", "t:1", "deploy", token=token)
    assert may_publish(who=who, name="orders:eu")
    assert not may_publish(who=who, name="jobs")


def test_it_expires_after_the_days_given():
    token = verify_token(create("deploy", "--chat", "--days", "2").strip())
    assert timedelta(days=1.9) < token.expires_at - timezone.now() < timedelta(days=2.1)


@pytest.mark.parametrize(("arguments", "says"), [((), "of no use"), (("--read", "a b"), "'a b'")])
def test_what_is_wrong_is_said_and_nothing_is_made(arguments, says):
    with pytest.raises(CommandError, match=says):
        create("deploy", *arguments)
    assert not Token.objects.exists()
