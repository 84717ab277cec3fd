"""The kinds of jobs there are: async generators that yield their progress, and what is said about them.

    @job("import", title="Import a file", parameters=(FILE, TOPIC), check=check_import, resumable=True)
    async def import_file(context: JobContext, *, file: str, topic: str) -> AsyncGenerator[Progress, None]:
        ...
        yield Progress(done, total, {"skipped": skipped})

The modules named ``jobs`` of all installed apps are imported when Django starts, so theirs are here too.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, TypeVar

from streams.errors import InvalidInput
from streams.jobs.parameters import Parameter

Run = Callable[..., AsyncGenerator["Progress", None]]
R = TypeVar("R", bound=Run)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: ``done`` of ``total`` items (None: nobody knows), and any JSON that it has to say by now.

    The newest one that was saved is where a resumable job goes on after its process died. What begins with ``_`` in a
    result that is an object is for that next run, and is not told.
    """

    done: int
    total: int | None = None
    result: Any = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job. check: called with who starts it and the parameters, before the start and again before each run;
    raises StreamsError unless that is allowed. resumable: whether it can go on, or begin again, after its process died.
    """

    name: str
    title: str
    about: str
    parameters: tuple[Parameter, ...]
    run: Run
    check: Callable[..., None]
    resumable: bool

    def read_params(self, given: Any) -> dict[str, Any]:
        """All parameters, from JSON; raises InvalidInput naming the value and what there is."""
        if not isinstance(given, dict):
            raise InvalidInput(f"params must be an object, not {type(given).__name__}")
        known = [parameter.name for parameter in self.parameters]
        if unknown := sorted(given.keys() - set(known)):
            there_is = ", ".join(known) or "none"
            raise InvalidInput(f"{self.name} has no parameter {unknown[0]!r:.60} (there are: {there_is})")
        return {parameter.name: parameter.read(given.get(parameter.name)) for parameter in self.parameters}


_kinds: dict[str, Kind] = {}


def job(
    name: str,
    *,
    title: str,
    check: Callable[..., None],
    parameters: Sequence[Parameter] = (),
    resumable: bool = False,
) -> Callable[[R], R]:
    """Register a kind of job under ``name``; the first paragraph of its docstring is what people read about it.

    Raises ValueError where another one has that name.
    """

    def register(run: R) -> R:
        if name in _kinds:
            raise ValueError(f"two kinds of jobs are named {name!r}")
        about = " ".join((getdoc(run) or "").partition("\n\n")[0].split())
        _kinds[name] = Kind(name, title, about, tuple(parameters), run, check, resumable)
        return run

    return register


def kinds() -> dict[str, Kind]:
    """All of them, by name, in the order in which they were registered."""
    return dict(_kinds)


def kind_named(name: object) -> Kind:
    """The kind; raises InvalidInput that lists those there are."""
    kind = _kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidInput(f"no kind of job {name!r:.60} (there are: {', '.join(_kinds)})")
    return kind
