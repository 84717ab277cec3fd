"""What a model is told: the talk before the question, as turns.

What did not fit once is left out from then on, so that the prompts of a room begin alike for long and the vendor can
read their beginning from its cache; until far more fits: the window has grown, or talk was taken back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from django.utils.crypto import salted_hmac

from streams.chat.attachments import read_attached
from streams.chat.catalogue import ModelFacts, Thinking
from streams.chat.context_talk import asked_exchange, earlier_exchanges, talk_before
from streams.chat.context_window import KEPT, Exchange, Fitted, fit, merged, tokens_of_text
from streams.chat.provider import Prompt, Turn
from streams.conf import get_settings
from streams.models import Generation, Room

ROOM_SYSTEM = (
    "You are Claude, taking part in a chat room called {title}. Several people may talk here; each of their turns "
    "begins with the speaker's name and a colon, and they address you as @claude. Answer the last one who did. "
    "Write Markdown. Do not begin your answer with your own name."
)
CHAT_SYSTEM = "You are Claude, answering over an API. Write Markdown."
LEFT_OUT = "[What was said here before is left out.]"


def room_prompt(generation: Generation, facts: ModelFacts, *, scale: float = 1.0) -> Prompt:
    """The talk up to the question and the question, as much as fits the model's window; writes ``left_out`` down.

    scale: by how much more the vendor has counted than is reckoned here.
    """
    assert generation.topic is not None
    room = generation.topic.room
    system = "\n\n".join(filter(None, [ROOM_SYSTEM.format(title=room.title), room.system.strip()]))
    thinking = room.thinking and facts.thinking != Thinking.NONE
    max_tokens = answer_tokens(facts, thinking=thinking)
    budget = (window(facts, max_tokens) - tokens_of_text(system) - tokens_of_text(LEFT_OUT)) / scale
    fitted, left_out = _fitted(generation, budget)
    Generation.objects.filter(pk=generation.pk).update(left_out=left_out)
    return Prompt(
        tuple(merged(_turns(fitted, room, left_out))),
        system,
        generation.model,
        max_tokens,
        generation.question,
        thinking,
        opaque(generation.asked_by),
        left_out,
    )


def chat_prompt(conversation: Iterable[Generation], message: str, facts: ModelFacts, *, asked_by: str = "") -> Prompt:
    """The finished answers of a conversation, oldest first, each after its question; then the new message."""
    past = list(conversation)
    left_out = past[-1].left_out if past else 0
    max_tokens = answer_tokens(facts, thinking=False)
    exchanges = [Exchange(Turn("user", one.question), Turn("assistant", one.text)) for one in past[left_out:]]
    newest_first = [Exchange(Turn("user", message)), *reversed(exchanges)]
    fitted = fit(newest_first, window(facts, max_tokens) - tokens_of_text(CHAT_SYSTEM))
    left_out += len(newest_first) - len(fitted.kept)
    turns = merged(turn for one in fitted.kept for turn in one.turns)
    return Prompt(
        tuple(turns), CHAT_SYSTEM, facts.id, max_tokens, message, asked_by=opaque(asked_by), left_out=left_out
    )


def answer_tokens(facts: ModelFacts, *, thinking: bool) -> int:
    """How long the answer may be, what is thought before it included."""
    settings = get_settings()
    thinks = thinking or facts.thinking == Thinking.ALWAYS
    return min(facts.max_tokens, settings.max_tokens + (settings.max_thinking_tokens if thinks else 0))


def window(facts: ModelFacts, max_tokens: int) -> int:
    """Tokens that a prompt may have."""
    return min(get_settings().context_tokens, facts.max_input_tokens - max_tokens)


def opaque(person: str) -> str:
    """A person in a form that tells the vendor nothing, and is the same each time."""
    return salted_hmac("streams.chat.context", person).hexdigest()[:32] if person else ""


def _fitted(generation: Generation, budget: float) -> tuple[Fitted, int]:
    """The talk that is told, and how many of the oldest messages are not."""
    question, before = asked_exchange(generation), _left_out_before(generation)
    fitted = fit(chain([question], earlier_exchanges(generation, skip=before)), budget)
    if before and sum(one.tokens for one in fitted.kept) <= budget * KEPT:  # no more than what is left after a step
        anew = fit(chain([question], earlier_exchanges(generation, skip=0)), budget)
        if len(anew.kept) > len(fitted.kept):
            fitted, before = anew, 0
    if fitted.left_out:
        before = talk_before(generation).filter(seq__lt=fitted.kept[0].seq).count()
    return fitted, before


def _left_out_before(generation: Generation) -> int:
    """How much the newest earlier question of the room left out."""
    earlier = Generation.objects.filter(topic=generation.topic, left_out__gt=0).exclude(pk=generation.pk)
    if generation.message_seq is not None:
        earlier = earlier.filter(message_seq__lte=generation.message_seq)
    return earlier.order_by("-message_seq", "-version").values_list("left_out", flat=True).first() or 0


def _turns(fitted: Fitted, room: Room, left_out: int) -> Iterator[Turn]:
    """What is told, with the files that are; of the others their names."""
    if left_out:
        yield Turn("user", LEFT_OUT)
    for place, one in enumerate(fitted.kept):
        said = one.said
        if place in fitted.without_files:
            names = ", ".join(str(file["name"]) for file in one.files)
            said = replace(said, text=f"{said.text}\n[attached, and not told again: {names}]")
        elif one.files:
            said = replace(said, files=read_attached(room, one.author_id, one.files))
        yield said
        if one.answer is not None:
            yield one.answer
