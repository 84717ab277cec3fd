"""Claude's models as they were when this was released: offered while the vendor's own list can't be had.

Sizes are the vendor's where it tells them, else the least that its models of that age have.
"""

from datetime import UTC, date, datetime

from streams.chat.catalogue import Listing, ModelFacts, Thinking

_MILLION = 1_000_000
_AS_OF = datetime(2026, 11, 23, tzinfo=UTC)

SHIPPED = Listing(
    (
        ModelFacts("claude-fable-5-2", "Claude Fable 5.2", _MILLION, 128_000, Thinking.ALWAYS),
        ModelFacts("claude-fable-5-1", "Claude Fable 5.1", _MILLION, 128_000, Thinking.ALWAYS),
        ModelFacts("claude-opus-5-5", "Claude Opus 5.5", _MILLION, 128_000, Thinking.ALWAYS),
        ModelFacts("claude-sonnet-5-5", "Claude Sonnet 5.5", _MILLION, 128_000, Thinking.ADAPTIVE),
        ModelFacts("claude-haiku-5-5", "Claude Haiku 5.5", _MILLION, 128_000, Thinking.ADAPTIVE),
        ModelFacts("claude-fable-5", "Claude Fable 5", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts("claude-opus-5", "Claude Opus 5", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts("claude-sonnet-5", "Claude Sonnet 5", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts("claude-opus-4-8", "Claude Opus 4.8", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts("claude-opus-4-7", "Claude Opus 4.7", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts("claude-opus-4-6", "Claude Opus 4.6", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts("claude-sonnet-4-6", "Claude Sonnet 4.6", 200_000, 64_000, Thinking.ADAPTIVE),
        ModelFacts(
            "claude-opus-4-5", "Claude Opus 4.5", 200_000, 64_000, Thinking.BUDGET, retires_on=date(2027, 1, 22)
        ),
        ModelFacts("claude-haiku-4-5", "Claude Haiku 4.5", 200_000, 64_000, Thinking.BUDGET),
        ModelFacts(
            "claude-sonnet-4-5", "Claude Sonnet 4.5", 200_000, 64_000, Thinking.BUDGET, retires_on=date(2026, 11, 30)
        ),
    ),
    "shipped",
    _AS_OF,
)
DEMO = Listing(
    (ModelFacts("demo", "Demo model (no language model)", 200_000, 64_000, Thinking.ADAPTIVE),), "demo", _AS_OF
)
