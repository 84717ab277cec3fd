"""What the staff does besides topics: each act needs its permission, is done by the same functions, and is audited."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from streams.models import Ban, Event, File, Job, ModelPrice, Process, Token
from streams.publishing import create_token
from streams.publishing.tokens import verify_token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def things():
    """One of each that can be acted on."""
    now = timezone.now()
    return {
        "job": Job.objects.create(kind="trim", owner="u:1", owner_name="Ann", queued_at=now),
        "failed": Job.objects.create(kind="trim", owner="u:1", owner_name="Ann", queued_at=now, status="failed"),
        "process": Process.objects.create(
            name="host:1:abcd", server="Daphne", started_at=now, renewed_at=now, expires_at=now + timedelta(hours=1)
        ),
        "ban": Ban.objects.create(kind="address", value="192.0.2.1", until=now + timedelta(hours=1)),
        "token": create_token(name="shop", read=["*"])[0],
        "file": File.objects.create(name="a.txt", size=1, owner="u:1", owner_name="Ann"),
    }


def the(action, thing, **fields):
    """What the list sends: the model, and the fields."""
    return {"action": action, "_selected_action": [str(thing.pk)], **fields}


# the permission, the model's page, what is sent there, what the audit log says
ACTS = {
    "cancel": ("change_job", "job", lambda t: ("", the("cancel_chosen", t["job"])), "cancelled"),
    "retry": ("change_job", "job", lambda t: ("", the("retry_chosen", t["failed"])), "tried again"),
    "cancel one": ("change_job", "job", lambda t: (f"{t['job'].pk}/cancel/", {}), "cancelled"),
    "retry one": ("change_job", "job", lambda t: (f"{t['failed'].pk}/retry/", {}), "tried again"),
    "drain": ("drain_process", "process", lambda t: ("", the("drain_chosen", t["process"])), "asked it to drain"),
    "drain one": ("drain_process", "process", lambda t: ("host_3A1_3Aabcd/drain/", {}), "asked it to drain"),
    "lift": ("delete_ban", "ban", lambda t: ("", the("lift", t["ban"])), "lifted the ban"),
    "revoke": ("change_token", "token", lambda t: ("", the("revoke", t["token"])), "revoked"),
    "make a token": ("add_token", "token", lambda t: ("add/", {"name": "new", "read": "*"}), "made"),
    "ban": (
        "add_ban",
        "ban",
        lambda t: ("add/", {"kind": "who", "value": "u:9", "hours": "1", "reason": "noise"}),
        "banned u:9 until",
    ),
    "delete a file": (
        "delete_file",
        "file",
        lambda t: ("", the("delete_selected", t["file"], post="yes")),
        "",
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_with_the_permission_it_is_done_and_audited(staff_with, things, name):
    permission, model, sent, told = ACTS[name]
    client = staff_with(f"streams.{permission}", f"streams.view_{model}")
    path, fields = sent(things)
    answer = client.post(f"/admin/streams/{model}/{path}", fields)
    assert answer.status_code in (200, 302), answer.content.decode()
    entry = LogEntry.objects.get()
    assert entry.user.username == "eve" and told in entry.change_message


@pytest.mark.parametrize("name", ACTS)
def test_without_the_permission_it_is_neither_offered_nor_done(staff_with, things, name):
    permission, model, sent, _ = ACTS[name]
    others = {f"streams.{one}" for one, of, *_ in ACTS.values() if one != permission and of != model}
    client = staff_with(f"streams.view_{model}", *others)
    path, fields = sent(things)
    before = state()
    listed = client.get(f"/admin/streams/{model}/").content.decode()
    offered = f'value="{fields["action"]}"' if "action" in fields else path
    assert offered not in listed
    answer = client.post(f"/admin/streams/{model}/{path}", fields)
    assert answer.status_code == 403
    assert state() == before and not LogEntry.objects.exists()


def state():
    """What acts would change."""
    return (
        list(Job.objects.order_by("pk").values_list("status", flat=True)),
        list(Ban.objects.values_list("until", flat=True)),
        list(Token.objects.values_list("name", "revoked_at")),
        File.objects.count(),
        Event.objects.count(),
    )


def test_a_token_is_shown_once_and_works(root, things):
    page = root.post("/admin/streams/token/add/", {"name": "till", "publish": "orders", "days": "7"})
    text = page.content.decode().partition('class="mono secret">')[2].partition("<")[0]
    assert verify_token(text).publish == "orders"
    assert "no-store" in page.headers["Cache-Control"]
    listed = root.get("/admin/streams/token/").content.decode()
    assert "till" in listed and text not in listed
    for fields, told in [
        ({"name": "x"}, "a token that may do nothing"),
        ({"name": "x", "read": "a/b"}, "topic pattern &#x27;a/b&#x27; is not allowed"),
        ({"name": "x", "read": "*", "days": "0"}, "greater than or equal to 1"),
    ]:
        assert told in root.post("/admin/streams/token/add/", fields).content.decode()
    assert Token.objects.count() == 2


def test_a_link_changes_nothing(root, things):
    for path in (f"job/{things['job'].pk}/cancel/", "process/host_3A1_3Aabcd/drain/"):
        assert root.get(f"/admin/streams/{path}").status_code == 200
    assert not LogEntry.objects.exists() and not Event.objects.exists()


def test_the_audit_log_is_read_searched_and_filtered_and_never_changed(root, things):
    root.post("/admin/streams/job/", the("cancel_chosen", things["job"]))
    root.post("/admin/streams/modelprice/add/", {"model": "m", "input_usd": 1, "output_usd": 2, "since": "2026-11-24"})
    path = "/admin/admin/logentry/"
    page = root.get(path).content.decode()
    assert "cancelled" in page and "Added." in page
    assert f"/admin/streams/job/{things['job'].pk}/change/" in page
    assert "cancelled" not in root.get(path, {"q": "Added"}).content.decode().partition("result_list")[2]
    assert "cancelled" not in root.get(path, {"action_flag__exact": "1"}).content.decode().partition("result_list")[2]
    entry = LogEntry.objects.first()
    assert root.get(f"{path}{entry.pk}/change/").status_code == 200
    assert root.post(f"{path}{entry.pk}/change/", {"change_message": "x"}).status_code == 403
    assert root.post(f"{path}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.get(f"{path}add/").status_code == 403
    assert LogEntry.objects.count() == 2


def test_prices_are_seeded_as_they_are_listed(db):
    from importlib import import_module

    listed = import_module("streams.migrations.0006_prices").LIST_PRICES
    assert listed["claude-haiku-5-5"] == ("0.10", "0.50") and listed["claude-fable-5-1"] == ("10", "50")
    assert ModelPrice._meta.get_field("input_usd").decimal_places == 4
