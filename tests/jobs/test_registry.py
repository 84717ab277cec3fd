"""Kinds of jobs and their parameters: what is wrong is named with its value and with what there is."""

import pytest

from streams.errors import InvalidInput, InvalidTopicName
from streams.jobs import Parameter, Type
from streams.jobs.registry import job, kind_named, kinds


async def work(context, **_):
    """Does
    nothing.

    And says more here.
    """
    return
    yield


FIELDS = [
    Parameter("topic", Type.TOPIC, "Topic", required=True),
    Parameter("speed", Type.NUMBER, "Speed", default=1, least=0.5, most=8),
    Parameter("times", Type.WHOLE, "Times", least=1),
    Parameter("loud", Type.FLAG, "Loud", default=False),
    Parameter("format", Type.CHOICE, "Format", default="csv", choices=("csv", "ndjson")),
    Parameter("note", Type.TEXT, "Note"),
]


@pytest.fixture
def kind(make_kind):
    return make_kind("work", work, parameters=FIELDS)


def test_what_is_left_out_has_its_default(kind):
    assert kind.read_params({"topic": "orders"}) == {
        "topic": "orders", "speed": 1, "times": None, "loud": False, "format": "csv", "note": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "topic is missing: the name of a topic"),
        ({"topic": ""}, "topic is missing"),
        ({"topic": 7}, "topic must be the name of a topic, not 7"),
        ({"topic": "t", "spede": 2}, "work has no parameter 'spede' (there are: topic, speed, times"),
        ({"topic": "t", "speed": 9}, "speed must be a number of at least 0.5 and at most 8, not 9"),
        ({"topic": "t", "speed": True}, "speed must be a number"),
        ({"topic": "t", "speed": "fast"}, "not 'fast'"),
        ({"topic": "t", "times": 1.5}, "times must be a whole number of at least 1, not 1.5"),
        ({"topic": "t", "times": 0}, "not 0"),
        ({"topic": "t", "loud": "yes"}, "loud must be true or false, not 'yes'"),
        ({"topic": "t", "format": "xml"}, "format must be one of csv, ndjson, not 'xml'"),
        ({"topic": "t", "note": "x" * 1_001}, "a text of at most 1000 characters"),
        ({"topic": "t", "note": "a\0b"}, "note must be"),
        ([1], "params must be an object, not list"),
    ],
)
def test_a_bad_value_is_named_with_what_it_must_be(kind, given, says):
    with pytest.raises(InvalidInput) as refused:
        kind.read_params(given)
    assert says in str(refused.value)


def test_a_bad_name_of_a_topic_is_told_as_everywhere(kind):
    with pytest.raises(InvalidTopicName):
        kind.read_params({"topic": "no spaces"})


def test_fields_of_a_form_become_values(kind):
    texts = {"topic": " orders ", "speed": "2.5", "times": "3", "loud": "on", "format": "ndjson", "note": ""}
    fields = {one.name: one.read_field(texts.get(one.name)) for one in kind.parameters}
    assert kind.read_params(fields) == {
        "topic": "orders", "speed": 2.5, "times": 3, "loud": True, "format": "ndjson", "note": None,
    }  # fmt: skip
    assert FIELDS[2].read_field("many") == "many"
    assert FIELDS[3].read_field(None) is False


def test_the_first_paragraph_of_a_job_says_what_it_is(kind):
    assert kind.about == "Does nothing."


@pytest.mark.parametrize("name", ["nothing", None, 7, ["import"]])
def test_an_unknown_kind_is_told_with_those_there_are(name):
    with pytest.raises(InvalidInput, match="import, export, replay, checksum, trim"):
        kind_named(name)


def test_two_kinds_of_one_name_are_a_mistake(kind):
    with pytest.raises(ValueError, match="'work'"):
        job("work", title="Work", check=lambda who: None)(work)
    assert kinds()["work"] is kind
