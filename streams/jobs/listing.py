"""The list of jobs, and what the page shows."""

from typing import Any

from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Kind, kinds
from streams.jobs.rights import check_owner
from streams.jobs.telling import as_json, ensure_own_topic, topic_of_owner
from streams.models import File, Job, Topic
from streams.publishing import Identity
from streams.publishing.permissions import readable
from streams.storage import readable_files
from streams.wire.event import event_id

LISTED = 100
SUGGESTED = 200


def list_jobs(who: Identity, *, everybody: bool = False) -> list[dict[str, Any]]:
    """One's own jobs, newest first; ``everybody``: those of all, for the staff. Raises NotSignedIn."""
    check_owner(who)
    jobs = Job.objects.order_by("-created_at", "-pk")
    if not (everybody and who.staff):
        jobs = jobs.filter(owner=who.id)
    return [as_json(job) for job in jobs[:LISTED]]


def page_context(who: Identity) -> dict[str, Any]:
    """What the page shows: the kinds, the jobs as they were at ``positions``, and from where their topics go on.

    The positions are read first: what happens in between is in the jobs, and comes once more.
    """
    positions: dict[str, str] = {}
    own = topic_of_owner(who.id)
    if who.kind == "user":
        ensure_own_topic(own, who.id, description=f"Jobs of {who.name}")
    unfinished = [job.topic for job in Job.objects.unfinished().filter(owner=who.id).order_by("-created_at")]
    for name, epoch, head in Topic.objects.filter(name__in=[own, *unfinished]).values_list("name", "epoch", "head"):
        positions[name] = event_id(epoch, head)
    listed = list_jobs(who)
    return {
        "jobs": listed,
        "live": {"jobs": listed, "positions": positions, "own": own, "reader": who.id},
        "kinds": [_form(kind) for kind in kinds().values()],
        "suggestions": {"file": _files(who), "topic": _topics(who)},
    }


def _form(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": kind.title,
        "about": kind.about,
        "fields": [_field(kind, parameter) for parameter in kind.parameters],
    }


def _field(kind: Kind, parameter: Parameter) -> dict[str, Any]:
    return {
        "id": f"{kind.name}-{parameter.name}",
        "name": field_name(parameter),
        "type": str(parameter.type),
        "label": parameter.label,
        "hint": parameter.hint,
        "required": parameter.required,
        "default": parameter.default,
        "choices": parameter.choices,
        "least": parameter.least,
        "whole": parameter.type is Type.WHOLE,
        "numeric": parameter.type in (Type.WHOLE, Type.NUMBER),
        "suggests": str(parameter.type) if parameter.type in (Type.FILE, Type.TOPIC) else "",
    }


def field_name(parameter: Parameter) -> str:
    """The name of a parameter's field in the form."""
    return f"param.{parameter.name}"


def _files(who: Identity) -> list[str]:
    newest = File.objects.whole().select_related("room__topic").order_by("-created_at")[:SUGGESTED]
    return [file.name for file in readable_files(who, newest)]


def _topics(who: Identity) -> list[str]:
    topics = Topic.objects.filter(owner="").order_by("name")[:SUGGESTED]
    return [topic.name for topic in readable(who=who, topics=topics)]
