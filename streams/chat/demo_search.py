"""Which passage of the documentation answers a question: headings cut Markdown into sections, BM25 ranks them.

Plain retrieval, no network and no model. Source of the formula: Robertson and Zaragoza, The Probabilistic Relevance
Framework (2009), with k1 = 1.2 and b = 0.75.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_K1, _B = 1.2, 0.75
_TITLE_WEIGHT = 3  # a word in a heading says more of the section than one in its text
_MIN_COVERAGE = 0.45  # share of the question's weight that a section must hold: below it, silence is more honest
_PASSAGE_CHARS = 900
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_SUFFIX = re.compile(r"(?<=\w{3})(?:ings?|ed|es|e|s)$")
_STOPWORDS = frozenset(
    """a about actually all am an and any are as at be been best but by can could did do does explain describe find for
    from get give go good had happen happens happened has have here how i if in into is it its know let lets list like
    make mean means me my need no not of on one or our please say should show so some tell than that the their them then
    there these they thing things this to understand us use used using want was way we were what when where which who
    whose why will with work works would you your""".split()  # noqa: SIM905
)
_LIST_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text up to the next one; ``source`` is the file's path below the root."""

    source: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that matches; ``coverage`` is the share of the question's weight in it, from 0 to 1."""

    section: Section
    score: float
    coverage: float


def read_sections(root: Path) -> tuple[Section, ...]:
    """The sections of ``README.md`` and ``docs/*.md`` below ``root``; none where the files are missing. Blocks."""
    sections: list[Section] = []
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            sections += split_sections(path.relative_to(root).as_posix(), text)
    return tuple(sections)


def split_sections(source: str, markdown: str) -> Iterable[Section]:
    """Cut at headings that stand outside of code; a section without text of its own is left out."""
    title, lines = source, list[str]()
    for line, in_code in _with_code(markdown):
        heading = None if in_code else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        if body := "\n".join(lines).strip():
            yield Section(source, title, body)
        title, lines = heading[1], []
    if body := "\n".join(lines).strip():
        yield Section(source, title, body)


def words(text: str) -> list[str]:
    """Lower-case words without their English endings: *resume*, *resumes* and *resuming* are one."""
    return [_SUFFIX.sub("", word) for word in re.findall(r"[^\W_]{2,}", text.lower()) if word not in _STOPWORDS]


class Index:
    """Sections with their words counted; immutable once made."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self.sections = tuple(sections)
        self._counts = [Counter(words(s.title) * _TITLE_WEIGHT + words(s.body)) for s in self.sections]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._holders = Counter(word for counts in self._counts for word in counts)

    def search(self, question: str, limit: int = 3) -> list[Hit]:
        """The best sections, best first; none where no section holds enough of the question."""
        asked = set(words(question))
        whole = sum(self._rarity(word) for word in asked)
        hits = [self._hit(i, asked, whole) for i in range(len(self.sections))] if whole else []
        good = [hit for hit in hits if hit.coverage >= _MIN_COVERAGE]
        return sorted(good, key=lambda hit: hit.score, reverse=True)[:limit]

    def passage(self, section: Section, question: str) -> str:
        """The part of a section that is nearest to the question, verbatim; ``…`` marks where text was left out."""
        blocks, asked = _blocks(section.body), set(words(question))
        weights = [sum(self._rarity(word) for word in asked & set(words(block))) for block in blocks]
        start = weights.index(max(weights))
        if sum(map(len, blocks[: start + 1])) <= _PASSAGE_CHARS:
            start = 0
        end = start + 1
        while end < len(blocks) and sum(map(len, blocks[start : end + 1])) <= _PASSAGE_CHARS:
            end += 1
        quoted = "".join(_trimmed(block) for block in blocks[start:end]).strip()
        return "\n\n".join(["…"] * (start > 0) + [quoted] + ["…"] * (end < len(blocks)))

    def _rarity(self, word: str) -> float:
        holders = self._holders[word]
        rarity = math.log(1 + (len(self.sections) - holders + 0.5) / (holders + 0.5))
        return rarity if holders else rarity / 2  # a word that is nowhere: perhaps only a manner of asking

    def _hit(self, i: int, asked: set[str], whole: float) -> Hit:
        counts, mean = self._counts[i], sum(self._lengths) / len(self._lengths)
        held = [(self._rarity(word), counts[word]) for word in asked if counts[word]]
        damping = _K1 * (1 - _B + _B * self._lengths[i] / mean)
        score = sum(rarity * n * (_K1 + 1) / (n + damping) for rarity, n in held)
        return Hit(self.sections[i], score, sum(rarity for rarity, _ in held) / whole)


def _blocks(body: str) -> list[str]:
    """Paragraphs, items of a list, tables and whole fences, each with the line breaks that follow it."""
    blocks = [""]
    for line, in_code in _with_code(body):
        starts = not in_code and line.strip() and (blocks[-1].endswith("\n\n") or _LIST_ITEM.match(line))
        if starts and blocks[-1]:
            blocks.append("")
        blocks[-1] += f"{line}\n"
    return blocks


def _with_code(markdown: str) -> Iterable[tuple[str, bool]]:
    """Each line, and whether it belongs to a fence, the fence's own lines included."""
    fence = ""
    for line in markdown.splitlines():
        mark = _FENCE.match(line)
        inside = bool(fence) or mark is not None
        if mark and not fence:
            fence = mark[1]
        elif fence and line.strip().startswith(fence):
            fence = ""
        yield line, inside


def _trimmed(block: str) -> str:
    """A block that is too long for a quotation, cut between lines or words, its fence closed."""
    if len(block) <= 2 * _PASSAGE_CHARS:
        return block
    kept = block[:_PASSAGE_CHARS]
    kept = kept[: kept.rfind("\n" if "\n" in kept else " ")]
    fence = _FENCE.match(block)
    return f"{kept}\n…\n{fence[1]}" if fence else f"{kept} …"
