"""Uploads that nobody goes on with, and bytes that no row knows."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from streams.models import File
from streams.storage import begin_file, sweep
from streams.storage.disk import path_of, root
from tests.storage.conftest import ALICE
from tests.storage.test_files import bytes_of, upload

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
