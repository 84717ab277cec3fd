"""A prompt as a request of the Messages API, and the vendor's list of models as ours. Nothing is sent here.

Of earlier answers only the text goes back, never thinking blocks: the vendor checks those against an unchanged prefix,
and here people edit, switch versions and change the model.
"""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streams.chat.catalogue import ModelFacts, Thinking, unknown_model
from streams.chat.catalogue_shipped import SHIPPED
from streams.chat.provider import Attached, Prompt, Turn

if TYPE_CHECKING:
    from anthropic.types import ModelInfo

MIN_BUDGET_TOKENS = 1_024  # the vendor's least for thinking with a budget


def request_of(prompt: Prompt, facts: ModelFacts, *, thinking: bool = True) -> dict[str, Any]:
    """The arguments of ``messages.stream``. thinking False: nothing at all is said of it.

    The top-level ``cache_control`` lets the vendor keep everything up to the last block: the next question of the
    room, which begins alike, is then read from there.
    """
    request: dict[str, Any] = counted_of(prompt) | {
        "max_tokens": min(prompt.max_tokens, facts.max_tokens),
        "cache_control": {"type": "ephemeral"},
    }
    if thinking and (config := thinking_of(prompt, facts)) is not None:
        request["thinking"] = config
    if prompt.asked_by:
        request["metadata"] = {"user_id": prompt.asked_by}
    return request


def counted_of(prompt: Prompt) -> dict[str, Any]:
    """The part that is counted as input: the arguments of ``messages.count_tokens``."""
    request: dict[str, Any] = {"model": prompt.model, "messages": [_message(turn) for turn in prompt.turns]}
    return request | {"system": prompt.system} if prompt.system else request


def thinking_of(prompt: Prompt, facts: ModelFacts) -> dict[str, Any] | None:
    """What to say about thinking so that this model takes it; None: nothing. The tokens are part of ``max_tokens``."""
    if not prompt.thinking:
        return {"type": "disabled"} if facts.disables else None
    if facts.thinking in (Thinking.ALWAYS, Thinking.ADAPTIVE):
        return {"type": "adaptive", "display": "summarized"}
    budget = min(prompt.max_tokens, facts.max_tokens) // 2
    if facts.thinking == Thinking.BUDGET and budget >= MIN_BUDGET_TOKENS:
        return {"type": "enabled", "budget_tokens": budget}
    return None


def facts_of(model: "ModelInfo") -> ModelFacts:
    """An entry of ``GET /v1/models``; what it leaves open is as shipped, or as little as can be expected."""
    known = SHIPPED.find(model.id) or unknown_model(model.id)
    thinking, disables, images = known.thinking, False, known.images
    if (capabilities := model.capabilities) is not None:
        types = capabilities.thinking.types
        images = capabilities.image_input.supported
        disables = capabilities.thinking.supported and types.disabled.supported
        if not capabilities.thinking.supported:
            thinking = Thinking.NONE
        elif types.adaptive.supported:
            thinking = Thinking.ADAPTIVE if types.disabled.supported else Thinking.ALWAYS
        else:
            thinking = Thinking.BUDGET if types.enabled.supported else Thinking.NONE
    return ModelFacts(
        model.id,
        model.display_name or model.id,
        model.max_input_tokens or known.max_input_tokens,
        model.max_tokens or known.max_tokens,
        thinking,
        disables,
        images,
        model.retires_at.date() if model.retires_at else None,
    )


def _message(turn: Turn) -> dict[str, Any]:
    if not turn.files:
        return {"role": turn.role, "content": turn.text}
    blocks = [block for file in turn.files for block in _blocks(file)]
    return {"role": turn.role, "content": [*blocks, {"type": "text", "text": turn.text}]}


def _blocks(file: Attached) -> Iterator[dict[str, Any]]:
    """An image with its name before it, or a text between marks that name it."""
    if isinstance(file.content, str):
        yield {"type": "text", "text": f"The attached file {file.name}:\n\n{file.content}\n\n(end of {file.name})"}
        return
    data = base64.b64encode(file.content).decode("ascii")
    yield {"type": "text", "text": f"The attached image {file.name}:"}
    yield {"type": "image", "source": {"type": "base64", "media_type": file.media_type, "data": data}}
