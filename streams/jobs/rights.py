"""Who may start jobs, who may see one, and who its starter is by the time it runs."""

from uuid import UUID

from streams.conf import guests_allowed
from streams.errors import Forbidden, NotFound, NotSignedIn
from streams.models import Job, Token
from streams.publishing import Identity, identify_again

ANONYMOUS = "g:anonymous"  # all guests without a session: a job of theirs would be everybody's


def check_owner(who: Identity) -> None:
    """Raise NotSignedIn unless ``who`` is somebody who can come back for a job."""
    if who.kind == "nobody" or who.id == ANONYMOUS:
        raise NotSignedIn("jobs need an account, or a bearer token")


def staff_only(who: Identity, **_: object) -> None:
    """A check for kinds of jobs: raises Forbidden unless ``who`` is of the staff."""
    if not who.staff:
        raise Forbidden(f"{who.name} may not start this job; the staff may")


def job_to_read(who: Identity, job_id: UUID, *, permission: str = "streams.view_job") -> Job:
    """A job of one's own, or any for the staff with ``permission``; another's is like a missing one.

    Raises NotSignedIn, NotFound.
    """
    check_owner(who)
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not (job.owner == who.id or (who.staff and who.has_permission(permission))):
        raise NotFound(f"no job {job_id} of yours")
    return job


def job_to_change(who: Identity, job_id: UUID) -> Job:
    """The same, to cancel it or to have it tried again."""
    return job_to_read(who, job_id, permission="streams.change_job")


def starter(job: Job) -> Identity:
    """Who started it, with the rights of now. Touches the database; raises NotSignedIn if nothing vouches for them."""
    kind, _, key = job.owner.partition(":")
    who = None
    if kind == "t":
        who = identify_again(Identity("token", job.owner, job.owner_name, token=Token(pk=int(key))))
    elif kind == "u":
        who = identify_again(Identity("user", job.owner, job.owner_name, user_id=int(key)))
    elif guests_allowed():
        who = Identity("guest", job.owner, job.owner_name)
    if who is None:
        raise NotSignedIn(f"{job.owner_name} has no account or token here any more")
    return who
