"""The life of a file: begun, taken in, finished, deleted."""

import fcntl
import hashlib
import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.errors import (
    Busy,
    ChecksumMismatch,
    Conflict,
    InvalidInput,
    LimitReached,
    NotFound,
    StorageFull,
    TooLarge,
)
from streams.models import File, Room, Topic
from streams.publishing import Identity
from streams.storage import (
    add_file,
    begin_file,
    delete_file,
    drop_partial,
    finish_file,
    open_file,
    take_bytes,
)
from streams.storage.disk import path_of, root
from tests.harness.threads import Threads
from tests.storage.conftest import ALICE

pytestmark = pytest.mark.django_db
BOB = Identity("user", "u:2", "Bob")


def bytes_of(file):
    with open(open_file(file.pk), "rb") as source:
        return source.read()


def upload(name, content, who=ALICE, **options):
    return take_bytes(begin_file(who, name, len(content), **options), 0, BytesIO(content))


def test_an_upload_in_pieces_becomes_a_file():
    file = begin_file(ALICE, "a.txt", 10)
    assert (file.is_whole, file.received) == (False, 0)
    file = take_bytes(file, 0, BytesIO(b"0123"))
    assert (file.is_whole, file.received) == (False, 4)
    file = take_bytes(File.objects.get(), 4, BytesIO(b"456789"))
    assert file.is_whole
    assert File.objects.whole().get().name == "a.txt"
    assert bytes_of(file) == b"0123456789"


def test_nothing_at_all_is_a_file_too():
    assert bytes_of(upload("empty", b"")) == b""


@pytest.mark.parametrize("offset", [0, 3, 5, 10])
def test_a_wrong_offset_is_refused_with_the_right_one(offset):
    file = take_bytes(begin_file(ALICE, "a", 10), 0, BytesIO(b"0123"))
    with pytest.raises(Conflict, match=f"stands at offset 4, not {offset}"):
        take_bytes(file, offset, BytesIO(b"x"))
    assert take_bytes(file, 4, BytesIO(b"456789")).is_whole
    assert bytes_of(file) == b"0123456789"


def test_more_than_was_announced_is_dropped_whole():
    file = take_bytes(begin_file(ALICE, "a", 10), 0, BytesIO(b"0123"))
    with pytest.raises(TooLarge, match="more bytes than the 6"):
        take_bytes(file, 4, BytesIO(b"4567890"))
    assert path_of(file.pk).stat().st_size == File.objects.get().received == 4


def test_a_piece_whose_checksum_is_wrong_is_dropped():
    file = begin_file(ALICE, "a", 4)
    with pytest.raises(ChecksumMismatch, match="sha1 of these 4 bytes is"):
        take_bytes(file, 0, BytesIO(b"0123"), checksum=("sha1", hashlib.sha1(b"0124").digest()))
    assert path_of(file.pk).stat().st_size == 0
    assert take_bytes(file, 0, BytesIO(b"0123"), checksum=("sha1", hashlib.sha1(b"0123").digest())).is_whole


def test_bytes_that_a_killed_process_left_behind_do_not_count():
    file = take_bytes(begin_file(ALICE, "a", 8), 0, BytesIO(b"0123"))
    with path_of(file.pk).open("ab") as half:
        half.write(b"half a pie")
    assert bytes_of(take_bytes(file, 4, BytesIO(b"4567"))) == b"01234567"


def test_two_requests_at_once_do_not_mix():
    file = begin_file(ALICE, "a", 4)
    with path_of(file.pk).open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Busy):
            take_bytes(file, 0, BytesIO(b"0123"))
    assert take_bytes(file, 0, BytesIO(b"0123")).is_whole


def test_a_second_file_of_a_name_is_numbered_and_a_replacing_one_takes_its_place():
    first, second = upload("a.txt", b"1"), upload("a.txt", b"2")
    assert (first.name, second.name) == ("a.txt", "a (2).txt")
    third = begin_file(ALICE, "a.txt", 0)
    assert finish_file(third, replacing=True).name == "a.txt"
    assert not path_of(first.pk).exists()
    assert {file.name for file in File.objects.whole()} == {"a.txt", "a (2).txt"}


def test_nobody_replaces_the_file_of_another():
    upload("a.txt", b"1")
    assert finish_file(begin_file(BOB, "a.txt", 0), replacing=True).name == "a (2).txt"


def test_a_reader_of_a_deleted_file_gets_it_to_its_end():
    file = upload("a", b"0123")
    with open(open_file(file.pk), "rb") as source:
        assert source.read(2) == b"01"
        assert delete_file(file)
        assert not delete_file(file)
        assert source.read() == b"23"
    with pytest.raises(NotFound):
        open_file(file.pk)


def test_an_upload_is_given_up_once_and_a_file_is_not_given_up_by_that():
    file = begin_file(ALICE, "a", 1)
    assert drop_partial(file)
    assert not drop_partial(file)
    assert not path_of(file.pk).exists()
    with pytest.raises(NotFound):
        take_bytes(file, 0, BytesIO(b"x"))
    whole = upload("a", b"x")
    assert not drop_partial(whole)
    assert bytes_of(whole) == b"x"


def test_what_is_too_large_or_has_no_room_is_refused_with_the_limit(streams_settings):
    streams_settings(max_file_bytes=1_000, free_disk_bytes=1)
    with pytest.raises(TooLarge, match=r"1001 bytes \(limit 1000\)"):
        begin_file(ALICE, "a", 1_001)
    streams_settings(max_file_bytes=2**62, free_disk_bytes=1)
    with pytest.raises(StorageFull, match="has room for"):
        begin_file(ALICE, "a", 2**60)
    assert not File.objects.exists()
    assert list(root().rglob("*")) == []


def test_an_open_upload_has_claimed_its_room(streams_settings):
    free = os.statvfs("/tmp").f_bavail * os.statvfs("/tmp").f_frsize
    streams_settings(max_file_bytes=2**62, free_disk_bytes=1)
    begin_file(ALICE, "a", free * 3 // 4)
    with pytest.raises(StorageFull):
        begin_file(ALICE, "b", free * 3 // 4)


@pytest.mark.parametrize("what", ["missing", "folder", "fifo", "device", "nul"])
def test_only_a_regular_file_can_be_added(tmp_path, what):
    path = {"folder": tmp_path, "device": Path("/dev/zero"), "nul": Path("a\0b")}.get(what, tmp_path / what)
    if what == "fifo":
        os.mkfifo(path)
    with pytest.raises((NotFound, InvalidInput)):
        add_file(ALICE, path)
    assert not File.objects.exists()


def test_a_file_of_this_machine_is_copied_in(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    file = add_file(ALICE, tmp_path / "a.csv")
    assert (file.name, file.content_type, file.size, bytes_of(file)) == ("a.csv", "text/csv", 4, b"1,2\n")
    assert add_file(ALICE, tmp_path / "a.csv", "b.csv").name == "b.csv"


@pytest.mark.parametrize("instead", ["link", "fifo", "folder"])
def test_what_was_put_in_the_place_of_the_bytes_is_not_served(instead, tmp_path):
    file = upload("a", b"x")
    path = path_of(file.pk)
    path.unlink()
    if instead == "link":
        (tmp_path / "secret").write_text("secret")
        path.symlink_to(tmp_path / "secret")
    elif instead == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises((NotFound, InvalidInput)):
        open_file(file.pk)


def test_a_file_of_a_room_is_private():
    room = Room.objects.create(slug="r", title="R", topic=Topic.objects.create(name="room:r"))
    assert upload("a", b"", room=room).visibility == "private"


@pytest.mark.django_db(transaction=True)
def test_of_many_that_replace_one_at_the_same_time_one_is_left():
    def replace(number):
        for turn in range(5):
            content = f"{number} {turn}".encode()
            take_bytes(begin_file(ALICE, "a", len(content)), 0, BytesIO(content), replacing=True)

    with Threads(4) as threads:
        for running in [threads.start(replace, number) for number in range(4)]:
            running.result(60)
    assert File.objects.get().name == "a"
    assert [path for path in root().rglob("*") if path.is_file()] == [path_of(File.objects.get().pk)]


def test_what_a_second_one_is_called_is_found_at_once_among_thousands():
    File.objects.bulk_create(
        File(name="a.png" if number == 1 else f"a ({number}).png", size=0, owner="u:1") for number in range(1, 3_000)
    )
    with CaptureQueriesContext(connection) as queries:
        assert upload("a.png", b"").name == "a (3000).png"
    assert len(queries) < 20


def test_an_owner_has_so_many_open_uploads_and_one_without_a_byte_is_given_up_soon(streams_settings):
    streams_settings(max_open_uploads=2)
    first = begin_file(ALICE, "a", 5)
    begin_file(ALICE, "b", 5)
    with pytest.raises(LimitReached, match=r"2 of your uploads are not finished \(limit 2\)"):
        begin_file(ALICE, "c", 5)
    begin_file(BOB, "c", 5)
    assert first.expires_at < timezone.now() + timedelta(hours=1.1)
    assert take_bytes(first, 0, BytesIO(b"x")).expires_at > timezone.now() + timedelta(hours=20)


def test_a_long_name_of_a_person_is_cut():
    assert upload("a", b"", Identity("user", "u:9", "n" * 301)).owner_name == "n" * 150


def test_the_last_empty_piece_again_is_answered_with_the_file():
    file = begin_file(ALICE, "a", 1)
    take_bytes(file, 0, BytesIO(b"x"))
    assert take_bytes(file, 1, BytesIO(b"")).is_whole
    assert upload("a", b"y").name == "a (2)"
