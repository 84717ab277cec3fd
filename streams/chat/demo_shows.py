"""What ``/demo <name>`` shows: one answer for every state that a page must be able to draw."""

import re
from dataclasses import dataclass

_TABLE = """\
Four techniques carry the same events of the same topic:

| Technique | Ask with | One event is | Resumes by |
|:--|:--|:--|--:|
| Server-sent events | `Accept: text/event-stream` | `id`, `event` and `data` lines | `Last-Event-ID` |
| HTTP streaming | `Accept: application/x-ndjson` | one line of JSON | `?last_event_id=` |
| Long polling | `Accept: application/json` | an entry of `events` | `?last_event_id=` |
| WebSocket | an upgrade | one text frame | `?last_event_id=` |

Each of them sees **every event once, in order**.
"""

_CODE = """\
This reads a topic line by line, with nothing but the standard library:

```python
import json
from urllib.request import Request, urlopen


def follow(topic: str, base_url: str = "http://127.0.0.1:8000"):
    \"\"\"Yield the envelopes of a topic; a blank line is a heartbeat.\"\"\"
    request = Request(f"{base_url}/events/{topic}", headers={"Accept": "application/x-ndjson"})
    with urlopen(request) as response:
        for line in response:
            if line.strip():
                yield json.loads(line)


for event in follow("orders"):
    print(event["type"], event["data"])  # a "<" and an "&" must survive
```

The same in a shell: `curl -N -H 'Accept: application/x-ndjson' http://127.0.0.1:8000/events/orders`.
"""

_LIST = """\
What happens to an event:

1. **Published**
   - by a view, a consumer or `manage.py publish`
   - with a key, if it must not be stored twice
     1. the first time it is appended
     2. the second time the first event's id comes back
2. **Stored**
   - one transaction, one sequence number
   - nothing is sent that could still be rolled back
3. **Followed**
   - from memory, by readers that keep up
   - from the log, by readers that don't
     - ~~lost~~ told, if the log was trimmed before they came

> A reader is a position in a log, so it can be slow, away or new, and still miss nothing.
"""

_SLOW = (
    "This answer comes at about one word a second, so that there is time to look: at the note that somebody answers, "
    "at what another tab shows meanwhile, and reload the page in the middle: it goes on where it was."
)

_ERROR = """\
This answer breaks off on purpose. What you have read so far stays, the failure is named below it, and you can ask \
again. The next words would have"""

_THINKING = """\
I thought before I answered; what I thought stands above, folded once the answer begins. It is no part of the answer, \
and is not told to a model later.
"""

_THOUGHTS = (
    "Somebody wants to see what thinking looks like. ",
    "A model's own summary of its thoughts comes in pieces, as the answer does. ",
    "I am a demo, so I only count: one, two, three. ",
    "That is enough; now I answer.",
)

_RETRY = """\
That took three attempts: the first two were refused, as by a model that is busy, and each wait was shown with its \
reason. Whoever asked could have stopped it meanwhile.
"""

_MATHS = """\
Formulas are set by the server, without a script in the page. In a line, as $e^{i\\pi} + 1 = 0$, and on lines of \
their own:

$$
\\bar{x} = \\frac{1}{n} \\sum_{i=1}^{n} x_i \\qquad \\int_0^\\infty e^{-x^2} \\, dx = \\frac{\\sqrt{\\pi}}{2}
$$

A price such as $5 is none.
"""

_LONG_PARTS = (
    "A long answer is appended in small pieces, as the plain text that the model writes; the page only ever adds, "
    "so the work for each piece does not depend on how much came before. At the end it is set in type, once.",
    "- pieces are joined for a few hundredths of a second\n- what has come is **never** drawn again\n"
    "- scrolling up stops the page from following",
    "```python\nfor number in range(3):\n    print(f\"line {number}\")\n```",
    "| measure | value |\n|--|--:|\n| characters in a piece | 4 |\n| pieces a second | 600 |",
)  # fmt: skip
_LONG_BYTES = 40_000


@dataclass(frozen=True, slots=True)
class Show:
    """An answer and its manner: ``thinking`` comes first, spread over ``first_wait_s``; ``fails`` ends it badly.

    busy: how many calls are refused before it comes.
    """

    summary: str
    text: str
    tokens_per_s: float = 60.0
    first_wait_s: float = 0.4
    thinking: tuple[str, ...] = ()
    piece: re.Pattern[str] = re.compile(r"\s*\S{1,4}|\s+")  # about what a model's token is
    fails: bool = False
    busy: int = 0


def _long_text() -> str:
    """About 40 KB of every kind of block, the same each time."""
    parts = ["# A long answer\n"]
    size = number = 0
    while size < _LONG_BYTES:
        number += 1
        parts.append(f"## Part {number}\n\n" + "\n\n".join(_LONG_PARTS) + "\n")
        size += len(parts[-1])
    return "\n".join([*parts, f"That were {number} parts."])


SHOWS: dict[str, Show] = {
    "table": Show("a table, with alignment and code in its cells", _TABLE),
    "code": Show("a block of Python, to be highlighted", _CODE),
    "list": Show("nested lists and a quotation", _LIST),
    "maths": Show("formulas in a line and on their own", _MATHS),
    "thinking": Show("thoughts that are shown, and then an answer", _THINKING, first_wait_s=4.0, thinking=_THOUGHTS),
    "long": Show("about 40 KB of everything, fast", _long_text(), tokens_per_s=600.0),
    "error": Show("some text, then a failure that can be retried", _ERROR, fails=True),
    "retry": Show("a model that is busy twice, and then answers", _RETRY, busy=2),
    "slow": Show(
        "a long wait, then one word a second: time to reload",
        _SLOW,
        tokens_per_s=1.0,
        first_wait_s=8.0,
        thinking=("Somebody wants to see me think. ", "I take my time, ", "and then a word a second."),
        piece=re.compile(r"\s*\S+|\s+"),
    ),
}


def menu(unknown: str = "") -> str:
    """The list of shows, in Markdown; says first if ``unknown`` was asked for and does not exist."""
    lead = f"There is no `/demo {unknown}`. There are:" if unknown else "Each of these shows one state of the page:"
    return "\n".join([lead, "", *(f"- `/demo {name}`: {show.summary}" for name, show in SHOWS.items())])
