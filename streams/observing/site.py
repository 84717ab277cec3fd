"""What a scrape asks the database: the processes that live, and what the site keeps. Nothing that counts the log."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from streams.models import Generation, Job, Process, Topic
from streams.models.generation import GenerationStatus
from streams.models.job import JobStatus
from streams.observing.metrics import Scraped


def living_processes() -> Sequence[Scraped]:
    """The processes of this site. Touches the database."""
    now = timezone.now()
    return [
        Scraped(
            name=one.name,
            server=one.server,
            draining=one.draining,
            started_at=one.started_at.timestamp(),
            silence_s=max(0.0, (now - one.renewed_at).total_seconds()),
            signs=one.signs,
        )
        for one in Process.objects.alive(now)
    ]


def site_numbers() -> dict[str, Any]:
    """Topics, jobs, answers, and how large the database is. Touches the database: of answers the index, and today's."""
    topics = Topic.objects.aggregate(topics=Count("pk"), heads=Sum("head", default=0))
    jobs = Job.objects.order_by().values_list("status").annotate(number=Count("pk"))
    answers = Generation.objects.order_by().values_list("status").annotate(number=Count("pk"))
    now = timezone.now()
    today = Generation.objects.asked_between(now.replace(hour=0, minute=0, second=0, microsecond=0), now).spent()
    return {
        **topics,
        "jobs": dict.fromkeys(JobStatus.values, 0) | dict(jobs),
        "generations": dict.fromkeys(GenerationStatus.values, 0) | dict(answers),
        "tokens": {"input": today["input_tokens"], "output": today["output_tokens"]},
        "spend_usd": today["spend_usd"] or 0,
        "database_bytes": _database_bytes(),
    }


def _database_bytes() -> int | None:
    """PostgreSQL's own answer; of SQLite the file and its log; None of another database."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    if connection.vendor == "sqlite":
        path = str(settings.DATABASES["default"]["NAME"])
        return sum(os.path.getsize(file) for file in (path, f"{path}-wal") if os.path.exists(file))
    return None
