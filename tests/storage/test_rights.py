"""Who may have a file, add one, take one away."""

import pytest

from streams.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from streams.models import File, Room, Token, Topic
from streams.publishing import Identity
from streams.publishing.identity import NOBODY
from streams.storage import check_upload, check_visibility, file_to_change, file_to_read, owns
from tests.storage.conftest import ALICE

pytestmark = pytest.mark.django_db
BOB = Identity("user", "u:2", "Bob")
GUEST = Identity("guest", "g:1", "Guest")
STAFF = Identity("user", "u:3", "Staff", staff=True)


def token(number, **scopes):
    return Identity("token", f"t:{number}", "token", may_upload=scopes.get("files", False), token=Token(**scopes))


ROOM_TOKEN = token(7, read="room:r")
FILES_TOKEN = token(8, files=True)
MAY = {
    "public": {"alice", "bob", "guest", "staff", "nobody", "room_token", "files_token"},
    "members": {"alice", "bob", "guest", "staff", "files_token"},
    "private": {"alice", "staff"},
    "room": {"alice", "staff", "room_token"},
}
WHO = {
    "alice": ALICE, "bob": BOB, "guest": GUEST, "staff": STAFF, "nobody": NOBODY,
    "room_token": ROOM_TOKEN, "files_token": FILES_TOKEN,
}  # fmt: skip


@pytest.fixture
def room():
    return Room.objects.create(slug="r", title="R", topic=Topic.objects.create(name="room:r", visibility="private"))


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("visibility", MAY)
def test_who_may_have_a_file(visibility, who, room):
    of_room = {"visibility": "private", "room": room}
    where = of_room if visibility == "room" else {"visibility": visibility}
    File.objects.create(name="a", size=0, owner="u:1", **where)
    if who in MAY[visibility]:
        assert file_to_read(WHO[who], "a").name == "a"
    else:
        with pytest.raises(NotSignedIn if who == "nobody" else NotFound) as refused:
            file_to_read(WHO[who], "a")
        with pytest.raises(type(refused.value)) as missing:
            file_to_read(WHO[who], "b")
        assert str(missing.value).replace("'b'", "'a'") == str(refused.value)


def test_a_name_with_a_nul_is_no_file():
    with pytest.raises(NotFound):
        file_to_read(ALICE, "a\0b")


@pytest.mark.parametrize(("who", "refusal"), [(NOBODY, NotSignedIn), (GUEST, NotSignedIn), (BOB, Forbidden)])
def test_who_may_not_add(who, refusal):
    with pytest.raises(refusal):
        check_upload(who)


def test_who_may_add():
    check_upload(ALICE)
    check_upload(FILES_TOKEN)


def test_only_its_owner_and_staff_change_it():
    file = File.objects.create(name="a", size=0, owner="u:1", owner_name="Alice")
    assert file_to_change(ALICE, name="a") == file_to_change(STAFF, name="a") == file
    with pytest.raises(Forbidden, match="is of Alice"):
        file_to_change(BOB, name="a")
    assert file_to_change(ALICE, upload=str(file.pk)) == file
    for other in (BOB, NOBODY):
        with pytest.raises(NotFound):
            file_to_change(other, upload=str(file.pk))
    with pytest.raises(NotFound, match="no upload"):
        file_to_change(ALICE, upload="../x")


def test_who_a_new_file_is_for(room):
    assert check_visibility(None, None, ALICE) == ("members", None)
    assert check_visibility("public", "", ALICE) == ("public", None)
    assert check_visibility("public", "r", STAFF) == ("private", room)
    with pytest.raises(InvalidInput, match="everybody"):
        check_visibility("everybody", None, ALICE)
    for slug in ("r", "missing"):
        with pytest.raises(InvalidInput, match=f"no room '{slug}'"):
            check_visibility(None, slug, ALICE)


def test_what_the_operator_added_is_of_nobody():
    file = File.objects.create(name="a", size=0, owner="", visibility="public")
    for who in (NOBODY, GUEST):
        with pytest.raises(NotSignedIn):
            file_to_change(who, name="a")
        with pytest.raises(NotFound):
            file_to_change(who, upload=str(file.pk))
        assert not owns(who, file)
    with pytest.raises(Forbidden):
        file_to_change(BOB, name="a")
    assert file_to_change(STAFF, name="a") == file


def test_a_room_with_a_nul_is_none():
    with pytest.raises(InvalidInput):
        check_visibility(None, "a\0", ALICE)
