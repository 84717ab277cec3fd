"""What is told of a job: by its own topic, and by the one of its owner, where a page hears of new ones.

``job:<id>``      ``job.queued``, ``job.started``, ``job.progress``: ``{"done", "total", "result"}`` and more;
                  ``job.end``: ``{"done": true, "status", "count", "total", "result", "error"}``
``jobs:<owner>``  ``job.changed``: the job as the list has it, whenever its status changes
"""

from typing import Any
from urllib.parse import quote

from django.db.models import Q

from streams.jobs.registry import kinds
from streams.models import Job, Topic, Visibility
from streams.publishing import new_event, publish_events
from streams.wire.event import format_time

END = "job.end"
RETAIN_PROGRESS = 10_000  # events of one job
RETAIN_CHANGES_S = 86_400


def as_json(job: Job) -> dict[str, Any]:
    """A job as the list and the owner's topic have it."""
    kind = kinds().get(job.kind)
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "title": job.kind if kind is None else kind.title,
        "params": job.params,
        "status": job.status,
        "done": job.done,
        "total": job.total,
        "result": told_of(job.result),
        "error": job.error,
        "cancelling": job.cancel_requested and not job.is_over,
        "attempts": job.attempts,
        "owner": job.owner_name,
        "topic": job.topic,
        "url": f"/jobs/{quote(str(job.pk))}",
        "created_at": format_time(job.created_at),
        "started_at": None if job.started_at is None else format_time(job.started_at),
        "ended_at": None if job.ended_at is None else format_time(job.ended_at),
    }


def told_of(result: Any) -> Any:
    """What is told of a result: all but the names that begin with ``_``, which a job keeps for its next run."""
    return {name: one for name, one in result.items() if name[:1] != "_"} if isinstance(result, dict) else result


def topic_of_owner(owner: str) -> str:
    """The name of the topic that tells of all jobs of one owner."""
    return f"jobs:{owner}"


def ensure_own_topic(name: str, owner: str, **more: Any) -> None:
    """A topic that nobody but its owner may read, whoever made it, and though somebody may have deleted it."""
    private = {"owner": owner, "visibility": Visibility.PRIVATE}
    topic, made = Topic.objects.get_or_create(name=name, defaults=private | more)
    if not made and (topic.owner, topic.visibility) != (owner, Visibility.PRIVATE):
        Topic.objects.filter(pk=topic.pk).filter(~Q(**private)).update(**private)


def tell(job: Job, event_type: str) -> int:
    """Publish it, as a part of the transaction; its sequence number. A change of status is told the owner too."""
    ensure_own_topic(job.topic, job.owner, description=f"Job: {job.kind}", retain_events=RETAIN_PROGRESS)
    data: dict[str, Any] = {"done": job.done, "total": job.total, "result": told_of(job.result)}
    if event_type != "job.progress":
        data["status"] = job.status
    if event_type == END:
        data |= {"done": True, "count": job.done, "error": job.error}
    (event,) = publish_events(job.topic, [new_event(data, type=event_type)]).new
    if event_type != "job.progress":
        tell_owner(job)
    return event.seq


def tell_owner(job: Job) -> None:
    """``job.changed`` on the topic of the job's owner."""
    name = topic_of_owner(job.owner)
    ensure_own_topic(name, job.owner, description=f"Jobs of {job.owner_name}", retain_s=RETAIN_CHANGES_S)
    publish_events(name, [new_event(as_json(job), type="job.changed")])
