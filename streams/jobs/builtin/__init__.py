"""The kinds of jobs that come along; importing this registers them, in the order of the page."""

from streams.jobs.builtin import import_file, export, replay, checksum, trim, clear  # noqa: F401, I001 - the page's order
