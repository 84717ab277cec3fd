"""Files that go with a message: which are taken, and what the model is told of them."""

import io

import pytest

from streams.chat.attachments import check_attachments, image_type, read_attached
from streams.chat.catalogue import ModelFacts
from streams.chat.context import room_prompt
from streams.errors import InvalidInput, TooLarge
from streams.models import File
from streams.publishing import Identity
from streams.storage import begin_file, delete_file, take_bytes
from tests.chat.talking import Talk

pytestmark = pytest.mark.django_db

ANN = Identity("user", "u:1", "Ann", may_upload=True)
BOB = Identity("user", "u:2", "Bob", may_upload=True)
FACTS = ModelFacts("claude-sonnet-4-6", "Sonnet", 200_000, 64_000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def talk():
    return Talk()


def put(name, content, *, who=ANN, room=None, **fields):
    file = take_bytes(begin_file(who, name, len(content), room=room, **fields), 0, io.BytesIO(content))
    assert file.is_whole
    return file


def test_images_and_text_are_told_by_what_they_hold_and_not_by_their_names(talk):
    put("photo.txt", PNG, room=talk.room)
    put("notes", "naïve".encode(), room=talk.room)
    put("data.csv", b"a,b\n1,2\n", room=talk.room)
    files = check_attachments(ANN, talk.room, ["photo.txt", "notes", "data.csv"])
    assert files == [
        {"name": "photo.txt", "size": 108, "content_type": "image/png"},
        {"name": "notes", "size": 6, "content_type": "text/plain"},
        {"name": "data.csv", "size": 8, "content_type": "text/csv"},
    ]
    photo, notes, data = read_attached(talk.room, ANN.id, files)
    assert (photo.media_type, photo.content) == ("image/png", PNG)
    assert (notes.content, data.content) == ("naïve", "a,b\n1,2\n")


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (b"PK\x03\x04\x00\x00", InvalidInput, "'it' is neither text in UTF-8 nor an image"),
        ("naïve".encode("latin-1"), InvalidInput, "neither text"),
        (PNG + bytes(1_000), TooLarge, r"the image 'it' has 1108 bytes \(limit 1000\)"),
        (b"x" * 101, TooLarge, r"the attached text has 101 characters \(limit 100\)"),
        (b"x" * 401, TooLarge, r"'it' has 401 bytes \(limit 100 characters of text\)"),
    ],
    ids=["zip", "latin-1", "large image", "long text", "far too long text"],
)
def test_what_no_model_reads_is_refused_when_it_is_said(talk, streams_settings, content, error, text):
    streams_settings(attachment_chars=100, attachment_image_bytes=1_000)
    put("it", content, room=talk.room)
    with pytest.raises(error, match=text):
        check_attachments(ANN, talk.room, ["it"])


def test_missing_and_foreign_files_are_refused(talk):
    assert check_attachments(ANN, talk.room, ()) == []
    put("mine", b"x", visibility="private")
    for who, name in ((ANN, "nothing"), (BOB, "mine")):
        with pytest.raises(InvalidInput, match=f"no file '{name}' that you may have"):
            check_attachments(who, talk.room, [name])
    assert check_attachments(ANN, talk.room, ["mine"])


def test_a_name_that_is_another_file_by_now_is_not_told(talk):
    files = check_attachments(ANN, talk.room, [put("plan", b"our plan", room=talk.room).name])
    delete_file(File.objects.get(name="plan"))
    assert read_attached(talk.room, ANN.id, files) == ()
    put("plan", b"a secret", who=BOB, visibility="private")
    assert read_attached(talk.room, ANN.id, files) == ()


def test_files_go_with_their_turn_and_older_ones_leave_first(talk, streams_settings):
    streams_settings(context_tokens=1_000)
    for name in ("old", "new"):
        put(name, b"abc" * 500, room=talk.room)
    talk.says("look", files=check_attachments(ANN, talk.room, ["old"]))
    talk.answers("I did")
    asked = talk.asks("@claude and that", files=check_attachments(ANN, talk.room, ["new"]))
    first, _, last = room_prompt(asked, FACTS).turns
    assert first.text == "Ann: look\n[attached, and not told again: old]"
    assert first.files == ()
    assert [file.name for file in last.files] == ["new"]
    streams_settings(context_tokens=5_000)
    first, _, last = room_prompt(asked, FACTS).turns
    assert ([file.name for file in first.files], first.text) == (["old"], "Ann: look")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns", None),
        (b"", None),
    ],
)
def test_an_image_is_known_by_how_it_begins(head, kind):
    assert image_type(head) == kind
