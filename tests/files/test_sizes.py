"""Sizes are said on the page as the script says them."""

from streams.files.listing import size_words


def test_sizes_as_people_say_them():
    sizes = [0, 999, 1_000, 99_449, 99_950, 999_499, 5_000_000_000]
    assert [size_words(size) for size in sizes] == ["0 B", "999 B", "1.0 kB", "99.4 kB", "100 kB", "999 kB", "5.0 GB"]
