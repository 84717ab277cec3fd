"""``manage.py addfile``."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from streams.models import File
from streams.storage.disk import path_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def added(*arguments):
    out = StringIO()
    call_command("addfile", *map(str, arguments), stdout=out)
    return out.getvalue().splitlines()


def test_files_are_copied_in_and_it_says_where(tmp_path):
    for name in ("one.txt", "zwei ä.txt"):
        (tmp_path / name).write_text(name)
    assert added(tmp_path / "one.txt", tmp_path / "zwei ä.txt") == ["/files/one.txt", "/files/zwei%20%C3%A4.txt"]
    file = File.objects.get(name="one.txt")
    assert (path_of(file.pk).read_text(), file.visibility, file.owner_name) == ("one.txt", "members", "the operator")


def test_under_another_name_and_for_everyone(tmp_path):
    (tmp_path / "a").write_text("x")
    assert added(tmp_path / "a", "--name", "b.txt", "--visibility", "public") == ["/files/b.txt"]
    assert File.objects.get().visibility == "public"


def test_what_is_no_file_is_refused_by_name(tmp_path):
    with pytest.raises(CommandError, match="no regular file"):
        added(tmp_path)
    with pytest.raises(CommandError, match=r"missing: the bytes can't be opened: No such file"):
        added(tmp_path / "missing")
    with pytest.raises(CommandError, match="these are 2"):
        added("a", "b", "--name", "c")
    assert not File.objects.exists()
