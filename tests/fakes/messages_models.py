"""The models of the fake: what ``GET /v1/models`` tells of them, and what each refuses about thinking."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

RETIRING = "claude-sonnet-4-5"
# id: the types of thinking that it takes; what is missing is a 400
MODELS: Mapping[str, tuple[str, ...]] = {
    "claude-opus-5-5": ("adaptive",),
    "claude-sonnet-5-5": ("adaptive", "disabled"),
    "claude-haiku-5-5": ("adaptive", "disabled"),
    "claude-sonnet-4-6": ("adaptive", "enabled", "disabled"),
    "claude-haiku-4-5": ("enabled", "disabled"),
    RETIRING: ("enabled", "disabled"),
    "claude-plain-1": ("disabled",),
}
TYPES = ("adaptive", "enabled", "disabled", "between_tools")


def models_page(query: Mapping[str, str], *, most: int) -> dict[str, Any]:
    """A page of the list: ``limit`` (20) entries after ``after_id``, and never more than ``most``."""
    ids = list(MODELS)
    start = ids.index(query["after_id"]) + 1 if query.get("after_id") in ids else 0
    page = ids[start : start + min(int(query.get("limit", "20")), most)]
    return {
        "data": [_entry(one) for one in page],
        "has_more": start + len(page) < len(ids),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def problems_of_thinking(body: Mapping[str, Any]) -> Iterator[str]:
    """What the API says to a word about thinking that the model does not take."""
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in TYPES:
        yield f"thinking.type: Input tag {kind!r} does not match any of the expected tags"
        return
    if kind not in MODELS.get(body.get("model", ""), TYPES):
        yield f"thinking.type: {kind!r} is not supported by this model"
    if kind == "enabled" and not 1_024 <= thinking.get("budget_tokens", 0) < body.get("max_tokens", 0):
        yield "thinking.enabled.budget_tokens: must be at least 1024 and less than `max_tokens`"


def _entry(model: str) -> dict[str, Any]:
    types = MODELS[model]
    thinks = "adaptive" in types or "enabled" in types
    no = {"supported": False}
    return {
        "type": "model",
        "id": model,
        "display_name": re.sub(r"(\d) (\d)\b", r"\1.\2", model.replace("-", " ").title()),
        "created_at": "2026-06-01T00:00:00Z",
        "lifecycle": "deprecated" if model == RETIRING else "active",
        "deprecated_at": "2026-05-01T00:00:00Z" if model == RETIRING else None,
        "retires_at": "2126-11-30T00:00:00Z" if model == RETIRING else None,
        "line": None,
        "max_input_tokens": 1_000_000 if "5-5" in model else 200_000,
        "max_tokens": 128_000 if "5-5" in model else 64_000,
        "capabilities": {
            "batch": no,
            "citations": no,
            "code_execution": no,
            "context_management": no,
            "effort": no,
            "image_input": {"supported": model != "claude-plain-1"},
            "pdf_input": no,
            "server_tools": no,
            "structured_outputs": no,
            "thinking": {"supported": thinks, "types": {kind: {"supported": kind in types} for kind in TYPES}},
        },
    }
