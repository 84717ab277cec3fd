"""What a model is told: the talk before the question, as turns."""

from collections.abc import Iterable

from streams.chat.provider import Prompt, Turn
from streams.chat.rooms import read_message
from streams.conf import get_settings
from streams.models import Event, Generation
from streams.models.generation import GenerationStatus

MAX_EVENTS = 200
ROOM_SYSTEM = (
    "You are Claude, taking part in a chat room called {title}. Several people may talk here; each of their turns "
    "begins with the speaker's name and a colon, and they address you as @claude. Answer the last one who did. "
    "Write Markdown. Do not begin your answer with your own name."
)
CHAT_SYSTEM = "You are Claude, answering over an API. Write Markdown."


def room_prompt(generation: Generation) -> Prompt:
    """The newest talk of the room that fits ``context_chars``, up to where the answer began, then the question."""
    settings = get_settings()
    assert generation.topic is not None
    talk = Event.objects.filter(
        topic_id=generation.topic.pk, type__in=("message", "generation.start"), seq__lt=generation.start_seq
    ).order_by("-seq")[:MAX_EVENTS]
    done = Generation.objects.filter(topic_id=generation.topic.pk, status=GenerationStatus.DONE)
    answers = {one.start_seq: one.text for one in done.order_by("-created_at")[:MAX_EVENTS]}
    turns: list[Turn] = []
    room_left = settings.context_chars
    for event in talk:
        turn = _turn(event, answers)
        if turn is None:
            continue
        room_left -= len(turn.text)
        if room_left < 0:
            break
        turns.append(turn)
    turns = merged([*reversed(turns)])
    if not turns or turns[-1].role != "user" or generation.question not in turns[-1].text:
        turns = merged([*turns, Turn("user", generation.question)])
    system = ROOM_SYSTEM.format(title=generation.topic.room.title)
    return Prompt(tuple(turns), system, generation.model, settings.max_tokens, generation.question)


def _turn(event: Event, answers: dict[int | None, str]) -> Turn | None:
    """A message with its speaker's name, or a finished answer; None for what is neither."""
    if event.type == "message":
        message = read_message(event)
        return None if message is None else Turn("user", f"{message['author']['name']}: {message['text']}")
    text = answers.get(event.seq)
    return Turn("assistant", text) if text else None


def chat_prompt(conversation: Iterable[Generation], message: str, *, model: str) -> Prompt:
    """The finished answers of a conversation, oldest first, each after its question; then the new message."""
    settings = get_settings()
    turns = [turn for one in conversation for turn in (Turn("user", one.question), Turn("assistant", one.text))]
    while turns and sum(len(turn.text) for turn in turns) + len(message) > settings.context_chars:
        turns = turns[2:]
    return Prompt((*turns, Turn("user", message)), CHAT_SYSTEM, model, settings.max_tokens, message)


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Turns that alternate and begin with a user's, as the API asks."""
    result: list[Turn] = []
    for turn in turns:
        if result and result[-1].role == turn.role:
            result[-1] = Turn(turn.role, f"{result[-1].text}\n\n{turn.text}")
        elif result or turn.role == "user":
            result.append(turn)
    return result
