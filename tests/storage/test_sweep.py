"""Uploads that nobody goes on with, and bytes that no row knows."""

import sys
import time
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.utils import timezone

from streams.models import File
from streams.storage import begin_file, sweep, take_bytes
from streams.storage.disk import path_of, root
from tests.storage.conftest import ALICE
from tests.storage.test_files import bytes_of, upload

sweep_module = sys.modules[sweep.__module__]  # the package gives its name to the function
pytestmark = pytest.mark.django_db


def test_an_upload_expires_and_a_file_does_not():
    old, new, whole = begin_file(ALICE, "old", 5), begin_file(ALICE, "new", 5), upload("whole", b"x")
    File.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep() == 1
    assert not path_of(old.pk).exists()
    assert set(File.objects.all()) == {new, whole}
    assert path_of(new.pk).exists()


def test_bytes_without_a_row_go_once_they_are_old():
    orphan, file = uuid4(), upload("kept", b"x")
    path = path_of(orphan)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    stranger = root() / "README"
    stranger.write_text("not ours")
    assert sweep() == 0
    assert sweep(now=time.time() + 4_000) == 1
    assert not path.exists()
    assert stranger.exists()
    assert bytes_of(file) == b"x"


def test_nothing_to_sweep_is_nothing():
    assert sweep() == 0


def test_an_upload_that_was_gone_on_with_meanwhile_stays(monkeypatch):
    file = begin_file(ALICE, "a", 5)
    File.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    drop = sweep_module.drop_partial

    def late(found, **options):
        take_bytes(file, 0, BytesIO(b"12"))
        return drop(found, **options)

    monkeypatch.setattr(sweep_module, "drop_partial", late)
    assert sweep() == 0
    assert File.objects.get().received == 2
    assert path_of(file.pk).exists()


def test_many_files_without_a_row_are_of_another_database_and_stay(caplog):
    for number in range(12):
        upload(f"{number}", b"x")
    File.objects.all().delete()
    assert sweep(now=time.time() + 4_000) == 0
    assert len([path for path in root().rglob("*") if path.is_file()]) == 12
    assert "12 files have no row and 0 have" in caplog.text
