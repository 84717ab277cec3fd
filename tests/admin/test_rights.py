"""Being of the staff is no right by itself: what tells of people, or changes what is kept, asks for its permission."""

import asyncio
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.connections import registry
from streams.errors import Banned, Forbidden, NotFound
from streams.eventlog import append
from streams.jobs.builtin.trim import check_trim
from streams.jobs.rights import job_to_change, job_to_read
from streams.models import Ban, BanKind, Job, Token, Topic, Visibility
from streams.publishing import Identity
from streams.publishing.identity import identify_again
from streams.publishing.permissions import may_read
from streams.reports.staff import check_staff
from streams.wire.event import NewEvent
from streams.wire.names import COMMANDS, OPERATION

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person(staff_with):
    """``person("streams.…")``: a member of the staff with these permissions, as the techniques see them."""

    def make(*permissions):
        client = staff_with(*permissions)
        return identify_again(Identity("user", "u:0", "eve", user_id=int(client.session["_auth_user_id"])))

    return make


@pytest.mark.parametrize("permission", [None, "streams.change_topic"])
def test_only_who_may_trim_topics_starts_a_job_that_does(person, permission):
    with pytest.raises(Forbidden, match="trim_topic"):
        check_trim(person(*filter(None, [permission])), topic="orders", keep=0)


def test_who_may_trim_topics_may(person):
    check_trim(person("streams.trim_topic"), topic="orders", keep=0)


def test_the_report_of_connections_asks_for_the_permission_to_see_them(person):
    with pytest.raises(Forbidden, match="view_liveconnection"):
        check_staff(person(), "streams.view_liveconnection")


def test_another_ones_job_is_seen_with_one_permission_and_changed_with_another(person):
    job = Job.objects.create(kind="trim", owner="u:77", owner_name="Ann", queued_at=timezone.now())
    who = person("streams.view_job")
    assert job_to_read(who, job.pk) == job
    with pytest.raises(NotFound):
        job_to_change(who, job.pk)
    with pytest.raises(NotFound):
        job_to_read(Identity("user", "u:9", "Bob", staff=True, user_id=9), job.pk)


@pytest.mark.parametrize("name", [OPERATION, COMMANDS])
def test_what_tells_of_people_is_read_by_nobody_else_whatever_its_topic_says(person, name):
    topic = Topic.objects.create(name=name, visibility=Visibility.PUBLIC)
    assert may_read(who=person("streams.view_liveconnection"), topic=topic)
    token = Token(pk=1, read="*")
    for who in (
        Identity("nobody", "", ""),
        Identity("user", "u:7", "Ann", user_id=7),
        Identity("user", "u:8", "Eve", staff=True, user_id=8),
        Identity("token", "t:1", "all", token=token),
        Identity("token", "t:1", "all", token=Token(pk=1, read=name), behind=Identity("user", "u:7", "Ann")),
    ):
        assert not may_read(who=who, topic=topic), who
    named = Identity("token", "t:2", "ops", token=Token(pk=2, read=name))
    assert may_read(who=named, topic=topic), "the operator named it"


def test_nor_in_the_log_of_the_admin(staff_with):
    append(OPERATION, [NewEvent(json.dumps({"who": "Ann-the-slow"}), "operation")])
    topic = Topic.objects.get(name=OPERATION)
    client = staff_with("streams.view_event", "streams.view_topic")
    assert b"Ann-the-slow" not in client.get("/admin/streams/event/").content
    assert client.get("/admin/streams/event/", {"topic": OPERATION}).status_code == 403
    assert client.get(f"/admin/streams/event/at/{topic.pk}/1/").status_code == 403


def test_a_ban_of_a_person_is_one_of_their_tokens():
    ann = Identity("user", "u:7", "Ann", user_id=7)
    token = Identity("token", "t:3", "hers", token=Token(pk=3), behind=ann)
    registry.bans.hold([Ban(kind=BanKind.WHO, value="u:7", until=timezone.now() + timedelta(hours=1))])
    try:
        for who in (ann, token):
            with pytest.raises(Banned):
                registry.admit(who, "")
        registry.admit(Identity("token", "t:4", "another's", token=Token(pk=4)), "")
    finally:
        registry.bans.hold([])


async def test_a_new_guest_for_each_question_is_no_way_round_the_limit(transactional_db, streams_settings):
    from streams.chat.admission import Admission
    from streams.connections import serving
    from streams.errors import LimitReached
    from streams.hub import close_hub, current_hub
    from streams.publishing.allowances import GUESTS_SHARE

    streams_settings(max_questions_per_min=2)
    hub = await current_hub()
    admission = Admission(hub)

    async def ask(address, number):
        async def send(message):
            """Nothing is sent."""

        with serving(send, {"client": (address, 1)}):
            admission.ask(f"g:{number}")

    try:
        for number in range(2 * GUESTS_SHARE):
            await ask("192.0.2.1", number)
        with pytest.raises(LimitReached, match="guests from your address"):
            await ask("192.0.2.1", 99)
        await asyncio.wait_for(ask("192.0.2.2", 99), 5)
    finally:
        await close_hub()
