"""The tree is the architecture: an import goes only downwards in it."""

import ast
from pathlib import Path

import pytest

STREAMS = Path(__file__).parents[1] / "streams"
FLOORS = [
    {"management", "process", "setup"},
    {"urls", "routing", "admin"},
    {"accounts", "chat", "topics", "files", "jobs", "reports", "diagnostics", "observing"},  # features
    {"transports"},
    {"connections", "storage"},
    {"publishing"},
    {"hub"},
    {"eventlog"},
    {"flow", "wire", "http"},
    {"models", "migrations", "conf", "errors", "apps", "logs"},
]
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}
FEATURES = FLOORS[2] | {"transports"}  # never each other's
PURE = {"wire"}  # no Django, no I/O


def modules():
    return [path for path in sorted(STREAMS.rglob("*.py")) if path != STREAMS / "__init__.py"]


def part_of(path):
    return path.relative_to(STREAMS).parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(STREAMS)))
def test_imports_go_downwards(path):
    part = part_of(path)
    assert part in FLOOR_OF, f"{path} has no floor in the house"
    for name in imports(path):
        if not name.startswith("streams."):
            continue
        other = name.split(".")[1]
        assert FLOOR_OF[other] >= FLOOR_OF[part], f"{path}: {part} must not import {name}"
        assert other == part or not {part, other} <= FEATURES, f"{path}: {part} and {other} are strangers"


@pytest.mark.parametrize("path", [path for path in modules() if part_of(path) in PURE], ids=lambda path: path.name)
def test_wire_is_pure(path):
    forbidden = ("django", "channels", "asyncio", "socket", "daphne")
    assert not [name for name in imports(path) if name.startswith(forbidden)]


@pytest.mark.parametrize("path", [*modules()], ids=lambda path: str(path.relative_to(STREAMS)))
def test_a_module_has_one_idea_and_says_so(path):
    text = path.read_text()
    if "migrations" in path.parts or not text.strip():
        return
    assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
    assert len(text.splitlines()) <= 400, f"{path} is longer than 400 lines"
