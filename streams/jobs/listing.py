"""The list of jobs, and what the page shows."""

from collections.abc import Mapping
from typing import Any

from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Kind, kinds
from streams.jobs.rights import check_owner
from streams.jobs.telling import as_json, ensure_own_topic, topic_of_owner
from streams.models import File, Job, JobStatus, Topic
from streams.models.job import UNFINISHED
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
    if not (everybody and who.staff and who.has_permission("streams.view_job")):
        jobs = jobs.filter(owner=who.id)
    return [as_json(job) for job in jobs[:LISTED]]


def page_context(who: Identity, given: Mapping[str, str]) -> dict[str, Any]:
    """What the page shows: the kinds, the jobs as they were at ``positions``, and from where their topics go on.

    ``given``: the fields of a form that was refused. The positions are read first: what happens in between is in the
    jobs, and comes once more.
    """
    own = topic_of_owner(who.id)
    if who.kind == "user":
        ensure_own_topic(own, who.id, description=f"Jobs of {who.name}")
    unfinished = [job.topic for job in Job.objects.unfinished().filter(owner=who.id)]
    heads = Topic.objects.filter(name__in=[own, *unfinished]).values_list("name", "epoch", "head")
    positions = {name: event_id(epoch, head) for name, epoch, head in heads}
    listed = list_jobs(who)
    defaults = {kind.name: {one.name: one.default for one in kind.parameters} for kind in kinds().values()}
    return {
        "jobs": [job | _shown(job, defaults.get(job["kind"], {})) for job in listed],
        "live": {"jobs": listed, "positions": positions, "own": own, "reader": who.id, "defaults": defaults},
        "kinds": [_form(kind, given) for kind in kinds().values()],
        "suggestions": {"file": _files(who), "topic": _topics(who)},
    }


def _shown(job: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says of it without JavaScript."""
    result = job["result"] if isinstance(job["result"], dict) else {}
    url = result.get("url")
    return {
        "moves": job["status"] in UNFINISHED,
        "may_retry": job["status"] not in (*UNFINISHED, JobStatus.DONE),
        "bar_max": max(1, job["total"] or 0),
        "shown_params": [pair for pair in job["params"].items() if pair[1] not in (None, defaults.get(pair[0]))],
        "shown_result": [pair for pair in result.items() if pair[0] not in ("url", "text")],
        "link": url if isinstance(url, str) and url.startswith("/") and not url.startswith("//") else "",
    }


def _form(kind: Kind, given: Mapping[str, str]) -> dict[str, Any]:
    chosen = given.get("kind") == kind.name
    return {
        "name": kind.name,
        "title": kind.title,
        "about": kind.about,
        "chosen": chosen,
        "fields": [_field(kind, parameter, given if chosen else None) for parameter in kind.parameters],
    }


def _field(kind: Kind, parameter: Parameter, given: Mapping[str, str] | None) -> dict[str, Any]:
    name = field_name(parameter)
    return {
        "id": f"{kind.name}-{parameter.name}",
        "name": name,
        "type": str(parameter.type),
        "label": parameter.label,
        "hint": parameter.hint,
        "required": parameter.required,
        "value": parameter.default if given is None else given.get(name, ""),
        "choices": parameter.choices,
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
