"""Who asks: a bearer token, a user, a guest, or nobody."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.errors import InvalidInput, InvalidTopicName, NotSignedIn
from streams.models import Token
from streams.publishing import create_token, identify, identify_again, welcome_guest
from streams.publishing.tokens import verify_token

pytestmark = pytest.mark.django_db(transaction=True)


def ask(user=None, session=None, **headers):
    return identify(user or AnonymousUser(), session, headers)


def bearer(text):
    return f"Bearer {text}"


class TestTokens:
    """Bearer tokens."""

    def test_a_token_names_who_asks_whatever_the_session_says(self):
        token, text = create_token(name="deploy", publish=["orders*"])
        who = ask(User.objects.create_user("ann"), {}, authorization=bearer(text))
        assert (who.kind, who.id, who.name, who.token) == ("token", f"t:{token.pk}", "deploy", token)
        assert (who.by_cookie, who.staff, who.known) == (False, False, False)

    @pytest.mark.parametrize("prefix", ["bearer ", "BEARER ", "Bearer   "])
    def test_the_scheme_is_read_leniently(self, prefix):
        _, text = create_token(name="deploy", publish=["*"])
        assert ask(authorization=prefix + text).kind == "token"

    @pytest.mark.parametrize(
        "header",
        [
            "Basic YTpi",
            "Bearer",
            "Bearer ",
            "st_abc",
            "Bearer a b",
            "Bearer a\n",
            "Bearer \u00e9",
            "Bearer " + "x" * 201,
            "Bearer ,",
        ],
    )
    def test_a_header_that_is_no_bearer_token_is_refused_and_not_passed_over(self, header):
        with pytest.raises(InvalidInput, match="Bearer TOKEN"):
            ask(User.objects.create_user("ann"), {}, authorization=header)

    def test_an_unknown_one_is_refused(self):
        with pytest.raises(NotSignedIn, match="not known"):
            ask(authorization=bearer("st_unknown"))

    def test_an_expired_one_is_refused(self):
        now = timezone.now()
        _, text = create_token(name="a", publish=["*"], expires_at=now - timedelta(seconds=1))
        with pytest.raises(NotSignedIn, match="expired"):
            ask(authorization=bearer(text))
        _, text = create_token(name="b", publish=["*"], expires_at=now + timedelta(hours=1))
        assert ask(authorization=bearer(text)).name == "b"

    def test_a_revoked_one_is_refused(self):
        token, text = create_token(name="a", publish=["*"])
        Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
        with pytest.raises(NotSignedIn, match="revoked"):
            ask(authorization=bearer(text))

    def test_one_whose_user_is_disabled_is_refused(self):
        token, text = create_token(name="a", publish=["*"])
        user = User.objects.create_user("ann")
        Token.objects.filter(pk=token.pk).update(user=user)
        assert ask(authorization=bearer(text)).kind == "token"
        user.is_active = False
        user.save()
        with pytest.raises(NotSignedIn, match="disabled"):
            ask(authorization=bearer(text))

    def test_behind_one_stands_its_user_with_the_rights_of_now(self):
        user = User.objects.create_user("ann", is_staff=True)
        token, text = create_token(name="a", publish=["*"], files=True, user=user)
        who = ask(authorization=bearer(text))
        assert (who.kind, who.id, who.staff, who.known, who.user_id) == ("token", f"t:{token.pk}", False, False, None)
        assert (who.behind.id, who.behind.staff, who.behind.may_publish) == (f"u:{user.pk}", True, False)
        assert not who.may_upload, "she may not, whatever it says"
        user.user_permissions.set(Permission.objects.filter(codename__in=["add_event", "add_file"]))
        again = identify_again(who)
        assert (again.may_upload, again.behind.may_publish) == (True, True)
        Token.objects.update(files=False)
        assert not identify_again(who).may_upload
        User.objects.update(is_active=False)
        assert identify_again(who) is None

    @pytest.mark.parametrize(
        ("given", "says"), [({"name": "x" * 101}, "101.*100"), ({"read": ["x" * 90] * 6}, "545.*500")]
    )
    def test_what_is_too_long_for_the_database_is_refused_before_it(self, given, says):
        with pytest.raises(InvalidInput, match=says):
            create_token(**{"name": "a", "chat": True} | given)

    def test_its_text_is_nowhere_in_the_database(self):
        _, text = create_token(name="deploy", publish=["orders"], read=["a", "b*"], chat=True)
        ask(authorization=bearer(text))
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                stored = repr(cursor.fetchall())
                assert text not in stored, table
                assert text.removeprefix("st_") not in stored, table

    def test_texts_are_long_random_and_told_by_their_prefix(self):
        texts = {create_token(name="a", chat=True)[1] for _ in range(20)}
        assert len(texts) == 20
        assert all(text.startswith("st_") and len(text) >= 3 + 43 for text in texts)

    def test_a_use_is_recorded_once_a_minute(self):
        token, text = create_token(name="a", chat=True)
        before = timezone.now()
        verify_token(text)
        token.refresh_from_db()
        first = token.last_used_at
        assert before <= first <= timezone.now()
        with CaptureQueriesContext(connection) as queries:
            for _ in range(3):
                verify_token(text)
        assert not [query for query in queries.captured_queries if "UPDATE" in query["sql"]]
        Token.objects.update(last_used_at=first - timedelta(seconds=61))
        verify_token(text)
        token.refresh_from_db()
        assert token.last_used_at >= first

    def test_a_bad_pattern_and_one_that_may_nothing_are_refused(self):
        with pytest.raises(InvalidTopicName, match="'a b'"):
            create_token(name="a", read=["a b"])
        with pytest.raises(InvalidInput, match="of no use"):
            create_token(name="a")
        assert not Token.objects.exists()


class TestPeople:
    """Users and guests."""

    def test_a_user_is_known_by_cookie(self):
        user = User.objects.create_user("ann", first_name="Ann", last_name="Lee")
        who = ask(user, {})
        assert (who.kind, who.id, who.name, who.by_cookie, who.known) == ("user", f"u:{user.pk}", "Ann Lee", True, True)
        assert (who.staff, who.may_publish) == (False, False)
        assert who.as_author() == {"id": f"u:{user.pk}", "name": "Ann Lee", "kind": "user"}

    def test_a_user_may_publish_by_the_permission_to_add_events(self):
        user = User.objects.create_user("ann", is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="add_event"))
        who = ask(User.objects.get(pk=user.pk), {})
        assert (who.staff, who.may_publish, who.name) == (True, True, "ann")

    def test_without_an_account_one_is_nobody_where_guests_are_not_let_in(self, streams_settings):
        streams_settings(guests=0)
        who = ask(session={})
        assert (who.kind, who.known, who.by_cookie) == ("nobody", False, False)

    def test_a_guest_without_a_session_is_anonymous(self, streams_settings):
        streams_settings(guests=1)
        for session in (None, {}):
            who = ask(session=session)
            assert (who.kind, who.id, who.known, who.by_cookie) == ("guest", "g:anonymous", True, False)

    def test_a_guest_that_was_welcomed_keeps_its_name(self, streams_settings):
        streams_settings(guests=1)
        session: dict[str, object] = {}
        welcome_guest(session)
        who = ask(session=session)
        welcome_guest(session)
        assert ask(session=session) == who
        assert (who.kind, who.by_cookie) == ("guest", True)
        assert who.id.startswith("g:") and who.id != "g:anonymous"
        assert len(who.name.split()) == 2
        assert not who.staff and not who.may_publish

    def test_guests_are_let_in_by_default_in_debug_only(self, settings):
        settings.DEBUG = True
        assert ask(session={}).kind == "guest"
        settings.DEBUG = False
        assert ask(session={}).kind == "nobody"

    def test_somebody_who_is_not_authenticated_is_no_user(self):
        assert ask(SimpleNamespace(is_authenticated=False), {}).kind == "nobody"
        assert identify(None, None, {}).kind == "nobody"
