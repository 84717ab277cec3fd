"""A room with talk in it, written straight into the rows."""

from itertools import count

from django.utils import timezone

from streams.chat.rooms import ensure_room
from streams.models import Generation, Message


class Talk:
    """``talk.says("hello")``, ``talk.answers("hi")``: messages and answers of one room, numbered as they come."""

    def __init__(self, slug="lobby", **fields):
        self.room = ensure_room(slug, title="Lobby")
        for name, value in fields.items():
            setattr(self.room, name, value)
        self.room.save()
        self._seq = count(1)
        self.last = None

    def says(self, text, *, name="Ann", person="u:1", **fields):
        """A message."""
        seq = next(self._seq)
        self.last = Message.objects.create(
            topic=self.room.topic, seq=seq, author_id=person, author_name=name, author_kind="user", text=text,
            created_at=timezone.now(), **fields,
        )  # fmt: skip
        return self.last

    def answers(self, text, *, to=None, status="done", **fields):
        """An answer to the last message, or to another one."""
        to = to or self.last
        values = {"question": to.text, "asked_by": to.author_id, "asked_by_name": to.author_name, "message_seq": to.seq}
        return Generation.objects.create(
            topic=self.room.topic, start_seq=next(self._seq), text=text, status=status,
            **{"model": "claude-sonnet-4-6", "label": "Claude"} | values | fields,
        )  # fmt: skip

    def asks(self, text, **fields):
        """A question whose answer has just begun."""
        return self.answers("", to=self.says(text, **fields), status="running")
