"""What the model is told of a room: who said what, what became of answers, and what is left out."""

import pytest
from django.utils import timezone

from streams.chat.catalogue import ModelFacts, Thinking
from streams.chat.context import LEFT_OUT, chat_prompt, opaque, room_prompt
from streams.chat.context_window import tokens_of_prompt
from streams.models import Generation, Message
from tests.chat.talking import Talk

pytestmark = pytest.mark.django_db

SONNET = ModelFacts("claude-sonnet-4-6", "Sonnet", 200_000, 64_000, Thinking.ADAPTIVE)


@pytest.fixture
def talk():
    return Talk()


def told(generation, facts=SONNET):
    return [(turn.role, turn.text) for turn in room_prompt(generation, facts).turns]


def test_speakers_are_named_and_answers_stand_behind_their_question(talk):
    question = talk.says("@claude hello")
    talk.says("and I am Bob", name="Bob", person="u:2")
    talk.answers("Hello Ann.", to=question)
    assert told(talk.asks("@claude again")) == [
        ("user", "Ann: @claude hello"),
        ("assistant", "Hello Ann."),
        ("user", "Bob: and I am Bob\n\nAnn: @claude again"),
    ]


def test_what_was_taken_back_is_not_told_and_what_was_edited_is_told_as_it_reads_now(talk):
    talk.says("a secret", deleted_at=timezone.now())
    talk.says("as it reads now", edited_at=timezone.now())
    assert told(talk.asks("@claude ?")) == [("user", "Ann: as it reads now\n\nAnn: @claude ?")]


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ({"status": "stopped"}, "[this answer was stopped]"),
        ({"status": "interrupted"}, "[this answer broke off]"),
        ({"status": "failed", "error_type": "overloaded_error"}, "[this answer broke off]"),
        ({"stop_reason": "max_tokens"}, "[this answer was cut off at its longest]"),
        ({"stop_reason": "model_context_window_exceeded"}, "[this answer was cut off at its longest]"),
    ],
)
def test_an_answer_that_is_not_whole_is_told_with_a_mark(talk, fields, mark):
    talk.says("@claude hello")
    talk.answers("The beginning", **fields)
    assert told(talk.asks("@claude ?"))[1] == ("assistant", f"The beginning\n\n{mark}")


def test_an_answer_without_text_and_one_that_still_grows_are_no_turns(talk):
    talk.says("@claude one")
    talk.answers("", status="failed")
    talk.says("@claude two")
    talk.answers("half", status="running")
    assert [role for role, _ in told(talk.asks("@claude three"))] == ["user"]


def test_a_question_that_the_model_refused_is_not_told_again(talk):
    talk.says("@claude something bad")
    talk.answers("The beginning", status="failed", error_type="refusal")
    assert told(talk.asks("@claude something good")) == [("user", "Ann: @claude something good")]


def test_of_several_versions_the_chosen_one_is_told(talk):
    question = talk.says("@claude hello")
    talk.answers("first", to=question, chosen=False)
    talk.answers("second", to=question, version=2)
    assert told(talk.asks("@claude ?"))[1] == ("assistant", "second")


def test_another_version_of_an_earlier_answer_is_told_the_talk_up_to_its_question_in_its_words(talk):
    talk.says("before")
    question = talk.says("@claude as it reads now")
    talk.answers("first", to=question, chosen=False)
    talk.says("after", name="Bob")
    again = talk.answers("", to=question, status="running", version=2, question="@claude as it was asked")
    assert told(again) == [("user", "Ann: before\n\nAnn: @claude as it was asked")]


def test_a_reply_is_told_with_the_beginning_of_what_it_is_about(talk):
    first = talk.says("a long story " * 20)
    answer = talk.answers("My\nanswer")
    talk.says("to that", reply_to=first.seq)
    (_, _, (_, last)) = told(talk.asks("@claude to this", reply_to=answer.start_seq))
    quoted = ("a long story " * 20)[:80]
    assert (
        last
        == f"Ann (replying to Ann: “{quoted}…”): to that\n\nAnn (replying to your answer: “My answer”): @claude to this"
    )


def test_the_room_says_what_the_model_is_and_whether_it_thinks(streams_settings):
    settings = streams_settings(max_tokens=1_000, max_thinking_tokens=500)
    talk = Talk(system="Answer in verse.", thinking=True)
    prompt = room_prompt(talk.asks("@claude hello"), SONNET)
    assert prompt.system.endswith("\n\nAnswer in verse.")
    assert (prompt.thinking, prompt.max_tokens) == (True, settings.max_tokens + settings.max_thinking_tokens)
    assert (prompt.question, prompt.asked_by) == ("@claude hello", opaque("u:1"))
    assert "u:1" not in prompt.asked_by
    thoughtless = room_prompt(talk.asks("@claude hello"), ModelFacts("m", "M", 200_000, 8_000))
    assert (thoughtless.thinking, thoughtless.max_tokens) == (False, settings.max_tokens)


def test_the_oldest_talk_leaves_in_steps_so_that_prompts_begin_alike(talk, streams_settings):
    streams_settings(context_tokens=2_000)
    beginnings, left_out, over = [], [], 0
    for number in range(200):
        asked = talk.asks(f"@claude question {number} " + "x" * 100)
        prompt = room_prompt(asked, SONNET)
        Generation.objects.filter(pk=asked.pk).update(status="done", text=f"answer {number} " + "y" * 100)
        asked.refresh_from_db()
        assert asked.left_out == prompt.left_out
        assert prompt.turns[-1].text.endswith(asked.question)
        over += tokens_of_prompt(prompt) > 2_000
        beginnings.append(prompt.turns[0].text)
        left_out.append(prompt.left_out)
    assert not over
    assert left_out == sorted(left_out)
    assert beginnings[-1].startswith(f"{LEFT_OUT}\n\nAnn: @claude question {left_out[-1]} ")
    assert len(set(beginnings)) < 25  # and not one for each question
    again = talk.answers("", to=talk.last, status="running", version=2)
    assert room_prompt(again, SONNET).left_out == left_out[-1]


def test_what_a_small_window_left_out_is_told_again_in_a_large_one(talk, streams_settings):
    for number in range(50):
        talk.says(f"{number} " + "x" * 100)
    streams_settings(context_tokens=1_000)
    assert room_prompt(talk.asks("@claude ?"), SONNET).left_out > 30
    streams_settings(context_tokens=100_000)
    prompt = room_prompt(talk.asks("@claude and now?"), SONNET)
    assert prompt.left_out == 0
    assert prompt.turns[0].text.startswith("Ann: 0 x")


def test_old_talk_that_was_taken_back_takes_none_of_the_newer_with_it(talk, streams_settings):
    streams_settings(context_tokens=1_500)
    said = [talk.says(f"{number} " + "x" * 100) for number in range(50)]
    before = room_prompt(talk.asks("@claude ?"), SONNET)
    Message.objects.filter(seq__lte=said[24].seq).update(deleted_at=timezone.now(), text="")
    after = room_prompt(talk.asks("@claude ?"), SONNET)
    assert said[before.left_out].text in before.turns[0].text
    assert said[before.left_out].text in after.turns[0].text


def test_a_model_with_a_small_window_is_told_less(talk):
    for number in range(50):
        talk.says(f"{number} " + "x" * 1_000)
    small = ModelFacts("small", "Small", 6_000, 1_000)
    prompt = room_prompt(talk.asks("@claude ?"), small)
    assert prompt.left_out > 30
    assert tokens_of_prompt(prompt) < 5_000


def test_a_conversation_over_the_api_is_told_in_steps_too(streams_settings):
    streams_settings(context_tokens=1_000)
    past = []
    for number in range(40):
        prompt = chat_prompt(past, f"question {number} " + "x" * 100, SONNET, asked_by="t:1")
        assert tokens_of_prompt(prompt) <= 1_000
        assert len(prompt.turns) == 2 * (number - prompt.left_out) + 1
        past.append(Generation(question=prompt.question, text="y" * 100, left_out=prompt.left_out))
    assert len({one.left_out for one in past}) < 10
