"""The talk of a room before a question, as exchanges: messages as they read by now, each with the answer to it.

An answer stands behind the message that it answers, whenever it came, and only the version that people chose is told.
So a question is told the same however often it is asked, and the next one begins with all of it. Left out are messages
that were taken back, and those whose answer the model refused: it would refuse again.
"""

from collections.abc import Iterator, Sequence

from streams.chat.context_window import Exchange
from streams.chat.provider import Turn
from streams.models import Generation, Message
from streams.models.generation import OPEN, GenerationStatus
from streams.models.message import MessageQuerySet

PAGE = 200  # messages of one read
QUOTE_CHARS = 80  # of a message that another one replies to
MARKS = {
    GenerationStatus.STOPPED: "[this answer was stopped]",
    GenerationStatus.INTERRUPTED: "[this answer broke off]",
    GenerationStatus.FAILED: "[this answer broke off]",
}
CUT_REASONS = ("max_tokens", "model_context_window_exceeded")
CUT = "[this answer was cut off at its longest]"
REFUSED = "refusal"


def talk_before(generation: Generation) -> MessageQuerySet:
    """The messages before the question, newest first, without those that were taken back."""
    before = generation.start_seq if generation.message_seq is None else generation.message_seq
    return Message.objects.of(_topic_of(generation)).filter(seq__lt=before or 0, deleted_at=None)


def asked_exchange(generation: Generation) -> Exchange:
    """The question in the words in which it was asked, and nothing behind it."""
    seq = generation.message_seq
    message = None if seq is None else Message.objects.filter(topic_id=_topic_of(generation), seq=seq).first()
    if message is None:
        words = (
            f"{generation.asked_by_name}: {generation.question}" if generation.asked_by_name else generation.question
        )
        return Exchange(Turn("user", words), seq=seq or 0)
    message.text = generation.question
    return _exchange(message, None, _quotes([message]))


def earlier_exchanges(generation: Generation, *, skip: int) -> Iterator[Exchange]:
    """Those before the question, newest first, read as they are wanted; the ``skip`` oldest messages are not."""
    talk = talk_before(generation)
    if skip:
        first = talk.order_by("seq").values_list("seq", flat=True)[skip : skip + 1].first()
        talk = talk.filter(seq__gte=first) if first is not None else talk.none()
    page = list(talk[:PAGE])
    while page:
        answers = _answers([message.seq for message in page], generation)
        quotes = _quotes(page)
        for message in page:
            answer = answers.get(message.seq)
            if answer is None or answer.error_type != REFUSED:
                yield _exchange(message, answer, quotes)
        page = list(talk.filter(seq__lt=page[-1].seq)[:PAGE])


def _answers(seqs: Sequence[int], generation: Generation) -> dict[int, Generation]:
    """The chosen answers to these messages that have ended."""
    answers = Generation.objects.filter(topic_id=_topic_of(generation), message_seq__in=seqs, chosen=True)
    fields = ("message_seq", "text", "status", "stop_reason", "error_type")
    return {one.message_seq: one for one in answers.exclude(status__in=OPEN).only(*fields)}


def _topic_of(generation: Generation) -> int:
    assert generation.topic_id is not None  # it is asked in a room
    return generation.topic_id


def _exchange(message: Message, answer: Generation | None, quotes: dict[int, str]) -> Exchange:
    about = f" (replying to {quotes[message.reply_to]})" if message.reply_to in quotes else ""
    return Exchange(
        Turn("user", f"{message.author_name}{about}: {message.text}"),
        Turn("assistant", _marked(answer)) if answer is not None and answer.text.strip() else None,
        message.seq,
        message.author_id,
        tuple(message.files),
    )


def _marked(answer: Generation) -> str:
    """The text, and behind it what it is, unless it is whole."""
    text = answer.text.strip()
    mark = CUT if answer.stop_reason in CUT_REASONS else MARKS.get(GenerationStatus(answer.status))
    return f"{text}\n\n{mark}" if mark else text


def _quotes(messages: Sequence[Message]) -> dict[int, str]:
    """How the messages and answers that these reply to begin, by their numbers."""
    wanted = {message.reply_to for message in messages if message.reply_to is not None}
    if not wanted:
        return {}
    topic_id = messages[0].topic_id
    said = Message.objects.filter(topic_id=topic_id, seq__in=wanted, deleted_at=None)
    quotes = {one.seq: f"{one.author_name}: {_short(one.text)}" for one in said}
    for answer in Generation.objects.filter(topic_id=topic_id, start_seq__in=wanted).only("start_seq", "text"):
        quotes[answer.start_seq or 0] = f"your answer: {_short(answer.text)}"
    return quotes


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat}”" if len(flat) <= QUOTE_CHARS else f"“{flat[:QUOTE_CHARS]}…”"
