"""The dashboard and the alarms: every expression can be read by Prometheus, and asks for what ``/metrics`` gives."""

import json
import re

import promql_parser
import pytest
import yaml
from prometheus_client.exposition import generate_latest

from streams.observing.metrics import Families, of_processes, of_site
from tests.harness.site import ROOT
from tests.observing.conftest import read_metrics
from tests.observing.test_metrics import NUMBERS, process

DASHBOARD = json.loads((ROOT / "deploy/grafana.json").read_text())
RULES = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())
ALARMS = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
GIVEN = read_metrics(generate_latest(Families([*of_processes([process()]), *of_site(NUMBERS)])).decode())
LABELS = {
    name: {label for labels in found for label, _ in labels} | {"job", "instance"} for name, found in GIVEN.items()
}
VARIABLES = {"$__rate_interval": "1m", "$job": "streams", "$process": ".*"}


def readable(expression):
    """With the values that Grafana would put in."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


EXPRESSIONS = [
    *[(f"{panel['title']} {one['refId']}", readable(one["expr"])) for panel in PANELS for one in panel["targets"]],
    *[(alarm["alert"], alarm["expr"]) for alarm in ALARMS],
]


@pytest.mark.parametrize("expression", [text for _, text in EXPRESSIONS], ids=[name for name, _ in EXPRESSIONS])
def test_an_expression_is_understood_and_asks_for_what_there_is(expression):
    promql_parser.parse(expression)
    names = set(re.findall(r"\bstreams_\w+", expression))
    assert names, "it asks for nothing of ours"
    assert names <= GIVEN.keys()
    for name, labels in re.findall(r"\b(streams_\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*=", labels)) <= LABELS[name], f"labels of {name}"
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",")} <= set().union(*(LABELS[name] for name in names))


def test_every_metric_is_shown_somewhere():
    shown = set(re.findall(r"\bstreams_\w+", " ".join(text for _, text in EXPRESSIONS)))
    hidden = {name for name in GIVEN if not name.endswith("_created")} - shown
    assert hidden == {"streams_generations_running"} & GIVEN.keys()


def test_panels_have_a_place_of_their_own_a_unit_and_words():
    taken = set()
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} lies over another panel"
        assert place["x"] + place["w"] <= 24
        taken |= cells
    for panel in PANELS:
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"]
            assert all(target["legendFormat"] for target in panel["targets"])
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource", "job", "process"]


def test_every_metric_is_explained():
    page = (ROOT / "docs/operate.md").read_text()
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in GIVEN}
    assert not [name for name in families if f"`{name}`" not in page]


def test_each_alarm_is_explained_to_who_operates():
    page = (ROOT / "docs/operate.md").read_text()
    for alarm in ALARMS:
        assert alarm["labels"]["severity"] in ("critical", "warning", "info")
        assert alarm["annotations"]["summary"]
        assert re.search(rf"^\| `{alarm['alert']}` \|", page, re.MULTILINE), f"docs/operate.md on {alarm['alert']}"
    assert len(ALARMS) == len(re.findall(r"^\| `Streams[A-Z]\w+` \|", page, re.MULTILINE))
