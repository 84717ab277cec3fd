"""An answer whose turn has come in a process that is full is offered: whichever process has room first begins it.

The process that has it keeps its lease meanwhile, and begins it itself if nobody else was faster. An owner of the row
that is empty says that it is offered; taking it is one conditional update.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from streams.chat.generation_rows import change_state
from streams.errors import GenerationFailed
from streams.models import Generation
from streams.models.generation import OPEN, GenerationStatus

OFFERED = ""  # the owner of an answer that any process may take


def offer(generation_id: UUID, topic: str, why: str) -> None:
    """Offer one that waits to the other processes, and tell its room why it waits. Touches the database."""
    error = GenerationFailed("busy", why, retryable=True)
    change_state(generation_id, topic, GenerationStatus.QUEUED, owner=OFFERED, error=error)


def offered() -> list[tuple[UUID, str]]:
    """``(id, whose limits count)`` of those that are offered and could begin, oldest first. Touches the database."""
    before = Generation.objects.filter(topic=OuterRef("topic"), status__in=OPEN).filter(
        ~Q(status=GenerationStatus.QUEUED) | Q(start_seq__lt=OuterRef("start_seq"))
    )
    waiting = Generation.objects.filter(status=GenerationStatus.QUEUED, owner=OFFERED, stop_requested_by="")
    found = waiting.exclude(Exists(before)).order_by("created_at")
    return list(found.values_list("pk", "asked_by"))


def take(generation_id: UUID, owner: str) -> Generation | None:
    """Make ``owner`` the process of one that is offered; None if another one has it. Touches the database."""
    waiting = Generation.objects.filter(pk=generation_id, status=GenerationStatus.QUEUED, owner=OFFERED)
    if not waiting.update(owner=owner, renewed_at=timezone.now()):
        return None
    taken: Generation = Generation.objects.select_related("topic__room").get(pk=generation_id)
    return taken
