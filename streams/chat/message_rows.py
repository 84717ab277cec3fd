"""The rows of messages: said, edited, deleted, reacted to, each with its event in the same transaction.

What is said goes through the group commit, which inserts the row with the event; the rest, which is rarer and changes a
row under its lock, is a transaction of its own. Doing any of it twice changes nothing the second time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from streams.chat.attachments import check_attachments
from streams.chat.mentions import mentions_in
from streams.chat.roles import check_take_back, check_talk, commands_room, is_public
from streams.chat.words import Draft
from streams.connections.commands import command
from streams.errors import Conflict, Forbidden, InvalidInput, KeyReused, NotFound
from streams.eventlog import Appended
from streams.models import Event, Generation, Member, Message, Reaction, Room, Topic
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, new_event, publish_events
from streams.wire.event import NewEvent, event_id

MAX_REACTIONS = 20  # different ones at one message
MAX_EDITS = 500  # of one message: deleting it goes through all of them


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is about to be said: its event, and the row that goes with it."""

    event: NewEvent
    row: Message

    def rows(self, appended: Appended) -> Sequence[Message]:
        """The row, once the event has its number."""
        (event,) = appended.new
        self.row.seq, self.row.created_at = event.seq, event.created_at
        return [self.row]


def prepare_message(room: Room, who: Identity, draft: Draft) -> NewMessage | str:
    """What to append; or the id of the event, if it has been said. Touches the database.

    Raises NotSignedIn, Forbidden, KeyReused, InvalidInput (a reply to nothing here), and as ``check_attachments``.
    """
    check_talk(room, who)
    if (said := find_said(room, who, draft)) is not None:
        return said
    if draft.reply_to is not None and not _is_there(room, draft.reply_to):
        raise InvalidInput(f"reply_to is {draft.reply_to}: nothing in this room has that number")
    return new_message(
        room, who, draft, mentions=mentions_in(room, draft.text), files=check_attachments(who, room, draft.files)
    )


def new_message(
    room: Room, who: Identity, draft: Draft, *, mentions: Sequence[Any] = (), files: Sequence[Any] = ()
) -> NewMessage:
    """The event and the row of what ``who`` says; the key makes that once for each ``client_id``."""
    more = {"reply_to": draft.reply_to, "mentions": list(mentions), "files": list(files)}
    told = {name: value for name, value in more.items() if value}
    data = {"author": who.as_author(), "text": draft.text, "client_id": draft.client_id} | told
    row = Message(
        topic_id=room.topic_id,
        author_id=who.id,
        author_name=who.name[:150],
        author_kind=who.kind,
        client_id=draft.client_id,
        text=draft.text,
        **more,
    )
    return NewMessage(new_event(data, key=f"say:{who.id}:{draft.client_id}"), row)


def find_said(room: Room, who: Identity, draft: Draft) -> str | None:
    """The id of the message that ``who`` has sent with this ``client_id``; raises KeyReused if it was another one."""
    row = Message.objects.filter(topic_id=room.topic_id, author_id=who.id, client_id=draft.client_id).first()
    if row is None:
        return None
    if row.edited_at is None and row.deleted_at is None and row.text != draft.text:
        raise KeyReused(f"client_id {draft.client_id!r} was used for message {row.seq}, which has another text")
    epoch = Topic.objects.values_list("epoch", flat=True).get(pk=room.topic_id)
    return event_id(epoch, row.seq)


def _is_there(room: Room, seq: int) -> bool:
    place = {"topic_id": room.topic_id}
    said = Message.objects.filter(**place, seq=seq).exists()
    return said or Generation.objects.filter(**place, start_seq=seq).exists()


def _locked(room: Room, seq: int) -> Message:
    row: Message | None = Message.objects.select_for_update().filter(topic_id=room.topic_id, seq=seq).first()
    if row is None:
        raise NotFound(f"no message {seq} in this room")
    return row


def _tell(room: Room, event_type: str, data: dict[str, Any], *, key: str | None = None) -> None:
    publish_events(f"room:{room.slug}", [new_event(data, type=event_type, key=key)])


def _owns(who: Identity, row: Message) -> bool:
    return who.is_one and row.author_id == who.id


@transaction.atomic
def edit_message(room: Room, who: Identity, seq: int, text: str) -> Message:
    """Give a message of one's own other words. Raises NotFound, Forbidden, Conflict (it was deleted)."""
    check_talk(room, who)
    row = _locked(room, seq)
    if not _owns(who, row):
        raise Forbidden(f"message {seq} is of {row.author_name}; one edits one's own")
    if row.deleted_at is not None:
        raise Conflict(f"message {seq} was deleted")
    if text == row.text:
        return row
    if row.edits >= MAX_EDITS:
        raise Conflict(f"message {seq} was edited {row.edits} times (limit {MAX_EDITS})")
    row.text, row.mentions, row.edited_at, row.edits = text, mentions_in(room, text), timezone.now(), row.edits + 1
    data = {"message": seq, "text": text, "mentions": row.mentions, "by": who.as_author()}
    _tell(room, "message.edited", data, key=_edit_key(seq, row.edits))
    row.save(update_fields=["text", "mentions", "edited_at", "edits"])
    return row


def _edit_key(seq: int, number: int) -> str:
    """By which deleting finds the event of an edit."""
    return f"edit:{seq}:{number}"


@transaction.atomic
def delete_message(room: Room, who: Identity, seq: int) -> None:
    """Take a message's words away, from the rows and from the log, and its reactions; it keeps its place.

    Its author may who was muted since, or made a reader. Raises NotFound; Forbidden for one who neither said it nor
    commands the room.
    """
    check_take_back(room, who)
    row = _locked(room, seq)
    if not _owns(who, row):
        check_talk(room, who)
        if not commands_room(room, who):
            raise Forbidden(f"message {seq} is of {row.author_name}; its author and the room's owners may delete it")
    if row.deleted_at is not None:
        return
    row.text, row.mentions, row.files, row.deleted_at = "", [], [], timezone.now()
    _tell(room, "message.deleted", {"message": seq, "by": who.as_author()})
    row.save(update_fields=["text", "mentions", "files", "deleted_at"])
    row.reactions.all().delete()
    _forget(room, row)
    _forget_question(room, who, row)
    command("changed", topic=f"room:{room.slug}")


def _forget(room: Room, row: Message) -> None:
    """Empty the texts that the log has of a message: who reads it from the beginning shall not meet them."""
    events = Event.objects.filter(topic_id=room.topic_id)
    author = {"id": row.author_id, "name": row.author_name, "kind": row.author_kind}
    said = {"author": author, "text": "", "client_id": row.client_id}
    events.filter(seq=row.seq, type="message").update(data=new_event(said).data)
    for event in events.filter(key__in=[_edit_key(row.seq, number + 1) for number in range(row.edits)]):
        data = json.loads(event.data) | {"text": "", "mentions": []}
        events.filter(seq=event.seq).update(data=new_event(data).data)


def _forget_question(room: Room, who: Identity, row: Message) -> None:
    """The answers to it quote it; one that has not begun is not wanted any more."""
    answers = Generation.objects.filter(topic_id=room.topic_id, message_seq=row.seq)
    waiting = answers.filter(status=GenerationStatus.QUEUED, stop_requested_by="")
    waiting.update(stop_requested_by=who.id, stop_requested_by_name=who.name[:150])
    answers.update(question="")
    events = Event.objects.filter(topic_id=room.topic_id)
    for event in events.filter(seq__in=list(answers.values_list("start_seq", flat=True)), type="generation.start"):
        data = json.loads(event.data) | {"question": ""}
        events.filter(seq=event.seq).update(data=new_event(data).data)


@transaction.atomic
def react(room: Room, who: Identity, seq: int, emoji: str, *, on: bool) -> None:
    """Put a sign at a message, or take it away. Raises NotFound, Conflict (deleted; full)."""
    check_talk(room, who)
    row = _locked(room, seq)
    if row.deleted_at is not None:
        raise Conflict(f"message {seq} was deleted")
    mine = row.reactions.filter(person=who.id, emoji=emoji)
    if mine.exists() == on:
        return
    if on:
        there = set(row.reactions.values_list("emoji", flat=True).distinct())
        if emoji not in there and len(there) >= MAX_REACTIONS:
            raise Conflict(f"message {seq} has {len(there)} different reactions (limit {MAX_REACTIONS})")
        Reaction.objects.create(message=row, person=who.id, name=who.name[:150], emoji=emoji)
    else:
        mine.delete()
    _tell(room, "reaction", {"message": seq, "emoji": emoji, "by": who.as_author(), "on": on})


def mark_read(room: Room, who: Identity, seq: int) -> None:
    """``who`` has seen everything up to ``seq``; never less than before, never what is not there yet.

    In a public room this makes one a member who was not; in others only those who are have a place to note it.
    """
    if not who.known or not who.is_one:
        return
    seq = min(seq, Topic.objects.values_list("head", flat=True).get(pk=room.topic_id))
    here = Member.objects.filter(room_id=room.pk, person=who.id)
    if here.filter(read_seq__lt=seq).update(read_seq=seq) or here.exists() or not is_public(room):
        return
    row = Member(room_id=room.pk, person=who.id, user_id=who.user_id, name=who.name[:150], read_seq=seq)
    Member.objects.bulk_create([row], ignore_conflicts=True)
