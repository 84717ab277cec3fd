"""Answers are read as Prometheus reads them."""

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families


def read_metrics(text):
    """``{sample name: {frozenset of labels: value}}``."""
    read = openmetrics.text_string_to_metric_families if text.endswith("# EOF\n") else text_string_to_metric_families
    found = {}
    for family in read(text):
        for sample in family.samples:
            of_name = found.setdefault(sample.name, {})
            labels = frozenset(sample.labels.items())
            assert labels not in of_name, f"{sample.name} {sample.labels} comes twice"
            of_name[labels] = sample.value
    return found


def value(found, name, **labels):
    """The one sample of that name whose labels these are."""
    return found[name][frozenset(labels.items())]
