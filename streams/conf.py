"""Every setting of the app, read once from the environment: field ``heartbeat_s`` is ``STREAMS_HEARTBEAT_S``."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from math import inf
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MAX_HEARTBEAT_S = 20.0  # clients take 45 s of silence for death, and one heartbeat may be late
VISIBILITIES = ("public", "members", "private")
LOG_FORMATS = ("", "json", "text")
MAY_BE_ZERO = {
    "drain_notice_s",
    "drain_spread_s",
    "drain_answers_s",
    "max_rooms_per_user",
    "max_usd_per_person_day",
    "max_usd_per_room_day",
}
ELSEWHERE = {
    "STREAMS_MEDIA_ROOT",
    "STREAMS_STATIC_ROOT",
    "STREAMS_CORS_ORIGINS",
    "STREAMS_MAX_REQUEST_BYTES",
}  # read by the project


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Limits, times and sizes, each with its unit in its name and its reason beside it."""

    # Readers
    heartbeat_s: float = 15.0  # proxies cut idle connections at 60 s; a dead reader is noticed by a write
    retry_ms: int = 2_000  # what an EventSource waits before it comes back
    drain_retry_ms: int = 1_000  # the same when the server goes down: plus up to as much again by chance
    log_page_events: int = 256  # one read of the log for a reader behind the ring
    log_page_bytes: int = 262_144  # and about what it holds of a reader that then stops reading
    recheck_s: float = 10.0  # how often it is asked again whether those who read still may
    max_topics: int = 50  # of one connection
    max_streams_per_user: int = 200  # open at once of one person or token in a process; long downloads count too
    max_streams_per_address: int = 2_000  # the same from one address: an office behind one router must fit
    max_streams: int = 10_000  # and in all: about 40 KB of memory each
    wake_slice: int = 64  # readers woken before the loop looks at its sockets again

    # WebSockets
    max_frame_bytes: int = 1_048_576  # of one message to the server
    max_operations_per_s: float = 100.0  # over one socket; bursts of ten times that
    max_refused: int = 100  # operations above the rate, one after the other, before the socket is closed

    # Rings
    ring_events: int = 4_096  # events kept per followed topic: 1 s at 4,000 events/s
    ring_bytes: int = 4_194_304  # and their size as text
    rings_total_bytes: int = 268_435_456  # of memory, of all rings of a process: above it some give way to the log
    ring_linger_s: float = 30.0  # a ring outlives its last reader: readers come back
    head_poll_s: float = 0.25  # heads compared with the database: what a lost doorbell costs at most

    # Publishing
    max_event_bytes: int = 262_144  # the JSON text of one event's data
    max_body_bytes: int = 4_194_304  # a whole POST, batches included
    max_batch_events: int = 1_000  # lines of one NDJSON batch
    max_events_per_s: float = 1_000.0  # of one person or token, over all sockets and requests; bursts of ten times that
    max_json_depth: int = 100  # arrays and objects inside each other
    commit_batch: int = 1_000  # events of several publishes that share one transaction
    default_visibility: str = "members"  # of a topic that is made by publishing to it
    retain_events: int = 100_000  # kept per topic where the topic does not say
    retain_s: int = 604_800  # a week
    trim_batch: int = 1_000  # rows of one deleting transaction
    trim_every_s: float = 30.0  # how often expired events are looked for

    # Database
    database_threads: int = 4  # threads, and so connections, that all streams of a process share
    bulk_threads: int = 2  # the same for what takes long (uploads, reports), so that streams never wait for it
    database_timeout_s: float = 20.0  # an answer later than this is told as "unavailable"

    # Processes
    vitals_every_s: float = 1.0  # the beat of the topic system
    lease_s: float = 10.0  # a claim that is not renewed for so long is free
    connections_keep_s: float = 3_600.0  # a connection that has ended is shown to the staff for so long
    drain_notice_s: float = 0.0  # from a failing /readyz to the first farewell: the load balancer's probe interval
    drain_spread_s: float = 2.0  # over which a thousand streams and more are told of the shutdown; fewer in less
    drain_answers_s: float = 3.0  # answers of the model that are being written may go on for so long
    drain_s: float = 8.0  # streams told of the shutdown must have ended by then

    # Files
    max_file_bytes: int = 5_000_000_000  # of one file
    free_disk_bytes: int = 1_000_000_000  # left free: the database shares the disk
    max_open_uploads: int = 20  # of one owner: each claims its room on the disk
    upload_expires_s: int = 86_400  # an upload that nobody goes on with is deleted after this
    file_chunk_bytes: int = 262_144  # of one read of a download, of which two may wait for the client
    accel_prefix: str = ""  # where nginx has MEDIA_ROOT/files as an internal location: it then sends the bytes

    # Jobs
    run_jobs: bool = True  # in the server's own process; off where manage.py worker runs them
    jobs_at_once: int = 2  # running at once in a process; the others wait, and the oldest is next
    max_unfinished_jobs: int = 100  # of one person, those that run included
    job_progress_per_s: float = 10.0  # progress events of one job at most; the newest wins
    job_lease_s: float = 10.0  # a job whose process died is taken up by another after this
    job_attempts: int = 5  # and given up when so many processes have died of it
    job_keep_s: int = 604_800  # an ended job is deleted with its topic after this

    # Health, log and metrics
    ready_timeout_s: float = 2.0  # what the database, or the doorbell, may take before /readyz says that it is away
    ready_lag_s: float = 2.0  # a loop that kept others waiting for longer than this gets no new traffic
    log_format: str = ""  # json (an object a line) or text; where nothing is said, text with DJANGO_DEBUG, else json
    access_log: bool = True  # a line for each request, and for each stream and socket that opens
    metrics_token: str = ""  # the bearer token with which Prometheus reads /metrics; the staff may too
    metrics_open: bool = False  # /metrics for everybody who can reach it

    # Rooms
    guests: bool | None = None  # may people without an account read and talk; None: as DJANGO_DEBUG
    max_message_chars: int = 8_000  # of one message in a room, or of one question to POST /chat
    history_items: int = 50  # messages and answers of one page of history
    max_rooms_per_user: int = 50  # that one person makes; direct rooms are not counted; 0: only the staff may
    max_room_members: int = 1_000  # of one room that is not public; in those everybody is one who reads there
    max_messages_per_s: float = 5.0  # of one person over all its sockets; bursts of ten times that

    # Accounts
    sign_up: bool = False  # may people make accounts for themselves
    session_age_s: int = 1_209_600  # two weeks after signing in one is asked again; guests get another name then
    sign_in_attempts: int = 10  # of one name at once, in a process; of one address three times as many
    sign_in_attempt_s: float = 30.0  # until a name has one more; an address in a third of that
    max_tokens_per_user: int = 20  # that are good at the same time

    # Reports
    max_reports: int = 20  # under way at once in a process; each holds a few megabytes

    # Claude
    model: str = "claude-sonnet-4-6"  # who answers, where there is a key
    max_tokens: int = 4_096  # of one answer
    compact_after_s: float = 60.0  # an answer that ended so long ago is put together in the log
    coalesce_s: float = 0.04  # deltas of an answer are joined for so long while it is short: 25 events a second
    coalesce_max_s: float = 1.0  # and when it is long: an event costs each reader 200 bytes
    max_thinking_tokens: int = 8_192  # before it, of models that think
    context_tokens: int = 100_000  # of the talk that is sent along, as reckoned; the oldest leaves first
    max_attachments: int = 5  # files of one message
    attachment_chars: int = 100_000  # of the text files of one message: about a third of context_tokens
    attachment_image_bytes: int = 5_000_000  # of one image: the vendor takes no larger ones
    max_usd_per_person_day: float = 0.0  # what answers to one person, or all guests of an address, may cost a day
    max_usd_per_room_day: float = 0.0  # the same of one room; a day is of UTC, and 0 is no limit
    model_idle_s: float = 75.0  # no byte from upstream for so long ends an answer
    generation_lease_s: float = 15.0  # an answer whose process died is marked interrupted after this
    generation_attempts: int = 4  # calls upstream for one answer, as long as none has brought any of it
    generation_retry_s: float = 1.0  # before the second of them; each later wait is twice as long
    max_retry_wait_s: float = 60.0  # who is told to wait for longer reads until when, and asks again by hand
    max_queued_per_room: int = 10  # answers that wait for the one that is being written
    max_generations: int = 50  # running at once in a process
    max_generations_per_user: int = 5  # and of those, for one person or token
    max_questions_per_min: float = 20.0  # of one person or token; so many at once, too

    def __post_init__(self) -> None:
        """Refuse a number that would stop everything quietly."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                allowed = 0 <= value < inf if field.name in MAY_BE_ZERO else 0 < value < inf
                if not allowed:
                    bound = "0 or more" if field.name in MAY_BE_ZERO else "above 0"
                    raise ImproperlyConfigured(f"STREAMS_{field.name.upper()} is {value} (must be {bound}, and finite)")
        if self.default_visibility not in VISIBILITIES:
            raise ImproperlyConfigured(
                f"STREAMS_DEFAULT_VISIBILITY is {self.default_visibility!r} (must be {', '.join(VISIBILITIES)})"
            )
        if self.log_format not in LOG_FORMATS:
            raise ImproperlyConfigured(f"STREAMS_LOG_FORMAT is {self.log_format!r} (must be json or text)")


def _parse(name: str, text: str, kind: Any) -> Any:
    if kind in (bool, bool | None):
        if text.lower() not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
            raise ImproperlyConfigured(f"{name} is {text!r} (must be 1 or 0)")
        return text.lower() in ("1", "true", "yes", "on")
    try:
        return kind(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {text!r} (must be {kind.__name__})") from None


def read_settings(environ: Mapping[str, str]) -> StreamSettings:
    """The settings that ``environ`` asks for; raises ImproperlyConfigured naming the variable and its value."""
    given = {}
    for field in fields(StreamSettings):
        name = f"STREAMS_{field.name.upper()}"
        if name in environ:
            given[field.name] = _parse(name, environ[name], field.type)
    return StreamSettings(**given)


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings of streams and are none: most likely misspelt."""
    known = ELSEWHERE | {f"STREAMS_{field.name.upper()}" for field in fields(StreamSettings)}
    return sorted(name for name in environ if name.startswith("STREAMS_") and name not in known)


@cache
def get_settings() -> StreamSettings:
    """The settings of this process."""
    return read_settings(os.environ)


def guests_allowed() -> bool:
    """Whether people without an account may read and talk here."""
    from django.conf import settings

    guests = get_settings().guests
    return bool(settings.DEBUG) if guests is None else guests
