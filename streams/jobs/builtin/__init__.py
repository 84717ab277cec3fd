"""The kinds of jobs that come along; importing this registers them, in the order of the page."""

from streams.jobs.builtin import import_file, export, replay, checksum, trim  # noqa: F401, I001 - the page's order
