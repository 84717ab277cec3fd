"""Live connections in the admin: what is listed, who may do what, and that every act is audited."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from streams.admin.connection_acts import ACTS
from streams.admin.words import ago, lasting
from streams.models import Ban, Event, LiveConnection, Process

LIST = "/admin/streams/liveconnection/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def process():
    now = timezone.now()
    return Process.objects.create(
        name="host:1:abcd", server="uvicorn", started_at=now, renewed_at=now, expires_at=now + timedelta(seconds=60)
    )


@pytest.fixture
def row(process):
    """``row("a", technique="sse", …)``: a connection."""

    def make(key, **fields):
        opened = timezone.now() - timedelta(minutes=3)
        base = {"technique": "sse", "who_kind": "user", "who_id": "u:7", "who_name": "Ann", "opened_at": opened}
        return LiveConnection.objects.create(pk=key, process=process, **(base | fields))

    return make


@pytest.fixture
def staff(client):
    """``staff("streams.end_connection")``: a client of a staff user with these permissions, and to look."""

    def sign_in(*permissions, is_staff=True, look=True):
        user = get_user_model().objects.create_user("eve", is_staff=is_staff)
        names = [name.partition(".")[2] for name in permissions] + (["view_liveconnection"] if look else [])
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return sign_in


def shown(response):
    """The keys of the rows that are listed."""
    return {one.pk for one in response.context["cl"].result_list}


def test_those_that_live_are_listed_and_the_others_on_request(staff, row, process):
    row("open")
    row("shut", closed_at=timezone.now(), close_reason="lagged")
    now = timezone.now()
    dead = Process.objects.create(name="dead", server="Daphne", started_at=now, renewed_at=now, expires_at=now)
    LiveConnection.objects.create(pk="lost", process=dead, technique="sse", who_kind="guest", opened_at=now)
    client = staff()
    response = client.get(LIST)
    assert shown(response) == {"open"}
    assert b"uvicorn abcd" in response.content
    closed = client.get(LIST, {"state": "closed"})
    assert shown(closed) == {"shut"}
    assert b"too slow for its topic" in closed.content


@pytest.mark.parametrize(
    "query",
    [
        {"technique": "websocket"},
        {"topic": "orders"},
        {"kind": "guest"},
        {"lag": "100"},
        {"q": "192.0.2.9"},
        {"q": "Mozilla"},
        {"q": "orders"},
    ],
    ids=str,
)
def test_filters_and_search_find_the_one(staff, row, query):
    row("other", topics=" orders:eu ", address="192.0.2.1", lag=3)
    row(
        "this",
        technique="websocket",
        topics=" news orders ",
        who_kind="guest",
        lag=100,
        address="192.0.2.9",
        user_agent="Mozilla/5.0",
    )
    found = shown(staff().get(LIST, query))
    assert "this" in found
    assert "other" not in found or query == {"q": "orders"}


def test_a_filter_for_a_process_and_one_that_makes_no_sense(staff, row):
    row("a")
    client = staff()
    assert shown(client.get(LIST, {"process": "host:1:abcd"})) == {"a"}
    assert shown(client.get(LIST, {"process": "gone"})) == set()
    assert client.get(LIST, {"lag": "9" * 40}).status_code == 200


def test_the_list_is_sorted_by_what_one_asks_for(staff, row):
    row("slow", lag=900)
    row("fast", lag=1)
    client = staff()
    number = list(client.get(LIST).context["cl"].list_display).index("behind")
    rows = client.get(LIST, {"o": f"-{number}"}).context["cl"].result_list
    assert [one.pk for one in rows] == ["slow", "fast"]


def test_the_page_of_one_tells_its_cursors_its_history_and_its_likes(staff, row):
    row(
        "one",
        topics=" orders ",
        cursors={"orders": {"position": "abc-7", "lag": 12}},
        history=[[timezone.now().timestamp(), "missed 3 events of orders: lagged"]],
    )
    row("two", technique="longpoll", closed_at=timezone.now(), close_reason="left")
    page = staff("streams.end_connection").get(f"{LIST}one/change/").content.decode()
    assert "abc-7" in page and "missed 3 events of orders: lagged" in page and f"{LIST}two/change/" in page
    assert "Disconnect all of the person" in page
    assert "Ban the person" not in page, "that needs another right"


def act(client, name, *rows, **fields):
    """As the list sends it."""
    return client.post(LIST, {"action": name, "_selected_action": rows, **fields})


def test_one_is_disconnected_by_one_click_and_that_is_audited(staff, row):
    row("one", topics=" orders ", address="192.0.2.1")
    row("two")
    response = act(staff("streams.end_connection"), "disconnect", "one")
    assert response.status_code == 302
    event = Event.objects.get(topic__name="system:commands")
    assert (event.type, event.data) == ("end", '{"ids":["one"],"reason":"kicked"}')
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id) == ("eve", "one")
    assert entry.change_message == "disconnected (192.0.2.1, reads orders)"


@pytest.mark.parametrize("name", [name for name in ACTS if name != "disconnect"])
def test_what_reaches_further_asks_first(staff, row, name):
    row("one", address="192.0.2.1")
    act_ = ACTS[name]
    client = staff(act_.permission)
    page = act(client, name, "one")
    assert page.status_code == 200 and act_.explains in page.content.decode().replace("&#x27;", "'")
    assert not LogEntry.objects.exists() and not Event.objects.exists()
    fields = {"hours": 1, "reason": "flood", "text": "Going down."}
    assert act(client, name, "one", confirmed="yes", **fields).status_code == 302
    assert LogEntry.objects.count() == 1 and Event.objects.count() == 1


def test_a_ban_is_for_the_time_that_was_chosen(staff, row):
    row("one")
    act(staff("streams.add_ban"), "ban_person", "one", confirmed="yes", hours=24, reason="flood")
    ban = Ban.objects.get()
    assert (ban.value, ban.name, ban.reason) == ("u:7", "Ann (u:7)", "flood")
    assert timedelta(hours=23, minutes=59) < ban.until - timezone.now() <= timedelta(hours=24)


def test_bad_input_does_nothing_and_says_why(staff, row):
    row("one", who_id="", address="")
    client = staff("streams.add_ban", "streams.notify_connection")
    page = act(client, "notice", "one", confirmed="yes", text="x" * 501)
    assert "at most 500 characters (it has 501)" in page.content.decode()
    assert act(client, "ban_person", "one", confirmed="yes", hours=5).status_code == 200, "not one of the choices"
    page = client.post(
        LIST, {"action": "ban_person", "_selected_action": "one", "confirmed": "yes", "hours": 1}, follow=True
    )
    assert "Nothing was done: none of these connections has a known person" in page.content.decode()
    assert not LogEntry.objects.exists() and not Ban.objects.exists()


@pytest.mark.parametrize("name", ACTS)
def test_who_may_only_look_can_do_nothing(staff, row, name):
    row("one", address="192.0.2.1")
    client = staff()
    fields = {"confirmed": "yes", "hours": 1, "text": "x"}
    listed = client.get(LIST).content.decode()
    assert ACTS[name].title not in listed
    act(client, name, "one", **fields)
    url = reverse("admin:streams_liveconnection_act", args=["one", name])
    assert client.get(url).status_code == 403
    assert client.post(url, fields).status_code == 403
    assert not Event.objects.exists() and not Ban.objects.exists() and not LogEntry.objects.exists()


@pytest.mark.parametrize("is_staff", [True, False])
def test_who_may_not_look_reaches_nothing(staff, row, is_staff):
    row("one")
    every = [act.permission for act in ACTS.values()]
    client = staff(*(every if not is_staff else ()), is_staff=is_staff, look=not is_staff)
    urls = [LIST, f"{LIST}one/change/", reverse("admin:streams_liveconnection_act", args=["one", "disconnect"])]
    for url in urls:
        for answer in (client.get(url), client.post(url, {"action": "disconnect", "_selected_action": "one"})):
            assert answer.status_code == (403 if is_staff else 302), url
    assert not Event.objects.exists()


def test_an_act_needs_the_csrf_token(row):
    from django.test import Client

    row("one")
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create_superuser("root"))
    url = reverse("admin:streams_liveconnection_act", args=["one", "disconnect"])
    assert client.post(url).status_code == 403
    assert client.get(url).status_code == 200, "looking at the question does nothing"
    assert not Event.objects.exists()


def test_one_that_is_gone_is_not_found(staff):
    client = staff("streams.end_connection")
    assert client.post(reverse("admin:streams_liveconnection_act", args=["none", "disconnect"])).status_code == 404
    assert client.get(reverse("admin:streams_liveconnection_act", args=["none", "nonsense"])).status_code == 404


def test_a_list_of_ten_thousand_asks_little_of_the_database(staff, process, django_assert_max_num_queries):
    now = timezone.now()
    LiveConnection.objects.bulk_create(
        LiveConnection(
            pk=f"{n:016}", process=process, technique="sse", who_kind="guest", topics=f" t{n % 300} ", opened_at=now
        )
        for n in range(10_000)
    )
    client = staff("streams.end_connection")
    with django_assert_max_num_queries(16):
        assert len(shown(client.get(LIST))) == 50


def test_times_are_told_in_two_units():
    assert [lasting(s) for s in (0, 59.9, 61, 3_600, 90_061, -5)] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "1 h 0 min",
        "1 d 1 h",
        "0 s",
    ]
    assert ago(None) == "-"
