"""What a file may be called."""

import pytest

from streams.storage.names import clean_name, content_type_of, numbered, shortened, split_extension


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.csv", "report.csv"),
        ("Überblick 2026.pdf", "Überblick 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.txt", "plan.txt"),
        ("..", "file"),
        ("", "file"),
        ("   ", "file"),
        ("/", "file"),
        ("a:b", "a_b"),
        ("x.", "x"),
        ("x. . ", "x"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
        ("console.txt", "console.txt"),
        ('a"\r\nX: y.txt', "a_X_ y.txt"),
        ("a\0b.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("line\u2028end\u0085.txt", "lineend.txt"),
        ("half \ud800 a pair", "half  a pair"),
        (".profile", ".profile"),
        ("e\u0301.txt", "é.txt"),
        ("what?*<>|.txt", "what_____.txt"),
        ("CON .txt", "_CON .txt"),
        ("\u00a0", "file"),
        ("\u3164.txt", ".txt"),
        ("x. \u00a0 .", "x"),
    ],
)
def test_a_name_is_made_safe(given, kept):
    assert clean_name(given) == kept


def test_a_long_name_keeps_its_extension_and_no_half_letters():
    name = clean_name("ä" * 200 + ".tar")
    assert name.endswith("ä.tar")
    assert len(name.encode()) == 150
    assert len(shortened("ä" * 200 + ".tar", 151).encode()) == 150


def test_clean_is_clean():
    for name in ("a" * 400, "x" * 149 + "..", "CON" * 60, "." * 300, "é" * 75 + " " * 10 + ".txt"):
        assert clean_name(clean_name(name)) == clean_name(name)
        assert 0 < len(clean_name(name).encode()) <= 150


def test_a_second_one_is_numbered():
    assert numbered("a.csv", 2) == "a (2).csv"
    assert numbered("Makefile", 3) == "Makefile (3)"
    assert len(numbered("n" * 146 + ".csv", 10).encode()) == 150


def test_what_an_extension_is():
    assert split_extension("a.tar.gz") == ("a.tar", ".gz")
    assert split_extension(".profile") == (".profile", "")
    assert split_extension("a.this-is-no-extension") == ("a.this-is-no-extension", "")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.csv", "text/csv"),
        ("a.NDJSON", "application/x-ndjson"),
        ("a.png", "image/png"),
        ("a.svg", "image/svg+xml"),
        ("a.tar.gz", "application/octet-stream"),
        ("a.svgz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.nobody-knows", "application/octet-stream"),
    ],
)
def test_the_type_is_by_the_extension(name, content_type):
    assert content_type_of(name) == content_type
