"""What the page of reports thinks, without a page: by Node's own test runner."""

from pathlib import Path

import pytest

from tests.js.test_javascript import node, run_node  # noqa: F401

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_the_models(node, file):  # noqa: F811
    run_node(node, file)
