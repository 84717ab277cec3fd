"""The name under which a browser saves."""

from email.message import Message

import pytest

from streams.http.disposition import attachment

NAMES = {
    "report.csv": "report.csv",
    "Überblick 2026.pdf": "Uberblick 2026.pdf",
    "文書.txt": "txt",
    'a"\r\nX-Evil: y.txt': "a___X-Evil_ y.txt",
    "\uff0e\uff0e\uff0f\uff0e\uff0e\uff0fetc\uff0fx\uff1ay.sh": "_.._etc_x_y.sh",
    ".bashrc": "bashrc",
    "50% off\\.txt": "50_ off_.txt",
    "": "file",
}


@pytest.mark.parametrize("name", NAMES)
def test_old_clients_get_ascii_and_the_others_the_name(name):
    header = attachment(name)
    assert header.isascii()
    assert "\r" not in header
    assert "\n" not in header
    assert f'filename="{NAMES[name]}"' in header
    parsed = Message()
    parsed["Content-Disposition"] = header.replace(f'; filename="{NAMES[name]}"', "")
    assert parsed.get_filename() == name if name else True
