"""Who may read and who may publish."""

import pytest

from streams.errors import Forbidden, NoSuchTopic, NotSignedIn
from streams.models import Token, Topic
from streams.publishing import Identity, check_publish, check_read, topic_to_read
from streams.publishing.permissions import may_publish, may_read


def by_token(**patterns):
    return Identity("token", "t:1", "deploy", token=Token(name="deploy", **patterns))


NOBODY = Identity("nobody", "", "")
GUEST = Identity("guest", "g:1", "Amber Fox", by_cookie=True)
USER = Identity("user", "u:1", "ann", by_cookie=True)
STAFF = Identity("user", "u:2", "bob", by_cookie=True, staff=True)
EDITOR = Identity("user", "u:3", "eve", by_cookie=True, may_publish=True)
READS_IT = by_token(read="room:* orders*")
READS_ANOTHER = by_token(read="room:*")
PUBLISHES = by_token(publish="orders*")
CHATS = by_token(chat=True)


@pytest.mark.parametrize(
    ("who", "public", "members", "private"),
    [
        (NOBODY, True, False, False),
        (GUEST, True, True, False),
        (USER, True, True, False),
        (EDITOR, True, True, False),
        (STAFF, True, True, True),
        (READS_IT, True, True, True),
        (READS_ANOTHER, True, False, False),
        (PUBLISHES, True, False, False),
        (CHATS, True, False, False),
    ],
)
def test_who_may_read_what(who, public, members, private):
    answers = [
        may_read(who=who, topic=Topic(name="orders:eu", visibility=visibility))
        for visibility in ("public", "members", "private")
    ]
    assert answers == [public, members, private]


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        (NOBODY, NotSignedIn),
        (GUEST, NotSignedIn),
        (USER, Forbidden),
        (STAFF, Forbidden),
        (READS_IT, Forbidden),
        (CHATS, Forbidden),
        (by_token(publish="order"), Forbidden),
        (PUBLISHES, None),
        (EDITOR, None),
    ],
)
def test_who_may_publish(who, answer):
    assert may_publish(who=who, name="orders:eu") == (answer is None)
    if answer is None:
        check_publish(who=who, name="orders:eu")
    else:
        with pytest.raises(answer):
            check_publish(who=who, name="orders:eu")


@pytest.mark.parametrize("who", [GUEST, USER, READS_ANOTHER])
def test_a_topic_one_may_not_read_and_one_that_is_missing_answer_alike(who):
    with pytest.raises(NoSuchTopic) as hidden:
        check_read(who=who, topic=Topic(name="orders", visibility="private"), name="orders")
    with pytest.raises(NoSuchTopic) as missing:
        check_read(who=who, topic=None, name="orders")
    assert str(hidden.value) == str(missing.value)


def test_nobody_is_asked_to_sign_in_for_either():
    texts = set()
    for topic in (None, Topic(name="orders", visibility="members"), Topic(name="orders", visibility="private")):
        with pytest.raises(NotSignedIn) as refused:
            check_read(who=NOBODY, topic=topic, name="orders")
        texts.add(str(refused.value))
    assert len(texts) == 1


@pytest.mark.django_db(transaction=True)
def test_the_topic_is_answered_to_those_who_may():
    Topic.objects.create(name="orders", visibility="members")
    assert topic_to_read(USER, "orders").name == "orders"
    with pytest.raises(NoSuchTopic):
        topic_to_read(USER, "nowhere")
