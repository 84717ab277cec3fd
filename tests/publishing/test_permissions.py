"""Who may read and who may publish."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from streams.errors import Forbidden, NoSuchTopic, NotSignedIn
from streams.models import Token, Topic
from streams.publishing import Identity, check_publish, check_read, check_topics_to_read, topic_to_read
from streams.publishing.permissions import may_publish, may_read, readable


def by_token(behind=None, **patterns):
    return Identity("token", "t:1", "deploy", token=Token(name="deploy", **patterns), behind=behind)


NOBODY = Identity("nobody", "", "")
GUEST = Identity("guest", "g:1", "Amber Fox", by_cookie=True)
USER = Identity("user", "u:1", "ann", by_cookie=True)
STAFF = Identity("user", "u:2", "bob", by_cookie=True, staff=True)
OPERATOR = Identity("user", "u:4", "liv", by_cookie=True, staff=True, sees_connections=True)
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
        (by_token(USER, read="orders*"), True, True, False),
        (by_token(USER, read="room:*"), True, False, False),
        (by_token(STAFF, read="orders*"), True, True, True),
        (by_token(STAFF, read="room:*"), True, False, False),
    ],
)
def test_who_may_read_what(who, public, members, private):
    answers = [
        may_read(who=who, topic=Topic(name="orders:eu", visibility=visibility))
        for visibility in ("public", "members", "private")
    ]
    assert answers == [public, members, private]


@pytest.mark.parametrize(
    ("who", "may"), [(USER, False), (STAFF, False), (OPERATOR, True), (by_token(STAFF, read="*"), False)]
)
@pytest.mark.django_db
def test_who_is_connected_is_told_to_those_of_the_staff_who_may_see_connections(who, may):
    assert may_read(who=who, topic=Topic(pk=7, name="system:operation", visibility="private")) is may


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
        (by_token(USER, publish="*"), Forbidden),
        (by_token(STAFF, publish="*"), Forbidden),
        (by_token(EDITOR, publish="room:*"), Forbidden),
        (by_token(EDITOR, publish="orders*"), None),
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


@pytest.mark.parametrize("who", [EDITOR, STAFF, by_token(publish="*"), by_token(publish="room:*"), GUEST])
@pytest.mark.parametrize("name", ["room:lobby", "room:lobby:live", "room:not-there"])
def test_what_happens_in_a_room_nobody_publishes(who, name):
    """It would be a message without a row: in no history, and found by no search."""
    with pytest.raises(Forbidden, match="POST /rooms/"):
        check_publish(who=who, name=name)


@pytest.mark.parametrize("who", [GUEST, USER, READS_ANOTHER])
def test_a_topic_one_may_not_read_and_one_that_is_missing_answer_alike(who):
    with pytest.raises(NoSuchTopic) as hidden:
        check_read(who=who, topic=Topic(name="orders", visibility="private"), name="orders")
    with pytest.raises(NoSuchTopic) as missing:
        check_read(who=who, topic=None, name="orders")
    assert str(hidden.value) == str(missing.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "who", [GUEST, Identity("user", "u:1", "ann", user_id=1), by_token(USER, read="*"), by_token(read="*")]
)
def test_one_that_is_missing_takes_as_many_questions_as_one_that_is_closed(who):
    """Or the time of an answer would tell which it is."""
    Topic.objects.create(name="room:closed", visibility="private")
    asked = []
    for check in (topic_to_read, lambda who, name: check_topics_to_read(who, [name])):
        for name in ("room:closed", "room:missing"):
            with CaptureQueriesContext(connection) as queries, pytest.raises(NoSuchTopic):
                check(who, name)
            asked.append([query["sql"].partition(" WHERE ")[0] for query in queries])
    assert asked[0] == asked[1]
    assert asked[2] == asked[3]


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


@pytest.mark.django_db(transaction=True)
def test_a_token_reads_the_private_topics_that_both_it_and_its_user_are_let_into():
    user = User.objects.create_user("ann")
    ann = Identity("user", f"u:{user.pk}", "ann", user_id=user.pk)
    for name in ("orders", "stock", "jobs"):
        topic = Topic.objects.create(name=name, visibility="private", owner=ann.id if name == "jobs" else "")
        topic.readers.set([user] if name == "orders" else [])
    topics = Topic.objects.all()

    def names(who):
        return [topic.name for topic in readable(who=who, topics=topics)]

    assert names(by_token(ann, read="*")) == ["jobs", "orders"] == names(ann)
    assert names(by_token(ann, read="stock job*")) == ["jobs"]
    assert names(by_token(read="*")) == ["jobs", "orders", "stock"]
