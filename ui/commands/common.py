"""What the verbs share: options, opening a home, output for people and for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rapport.errors import NotFound, RapportError, SettingsError
from rapport.paths import Home, find_home
from rapport.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from crm.store import Store
    from eval.report import Bound

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the company; default: RAPPORT_HOME, else the user data folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
RayOption = Annotated[
    bool,
    typer.Option("--ray", help="Spread the work with Ray: over the cluster in RAY_ADDRESS, else over this machine."),
]


@dataclass(frozen=True, slots=True)
class Opened:
    """A home that has been set up, with its settings and its records."""

    home: Home
    settings: Settings
    store: "Store"


@contextmanager
def opened(given: Path | None) -> Iterator[Opened]:
    """Open a home that `rapport init` has made; NotFound says so where it has not."""
    home = find_home(given)
    settings = load_settings(home)
    url = settings.database_url(home)
    if url == f"sqlite:///{home.database_file}" and not home.database_file.exists():
        raise NotFound(f"there is no company in {home.root}.", hint="Run: rapport init, or rapport init --sample")
    from crm.store import Store

    store = Store.open(url, busy_timeout_ms=settings.database.busy_timeout_ms)
    try:
        yield Opened(home, settings, store)
    finally:
        store.close()


def emit(data: Any, as_json: bool, render: Callable[[Any], None]) -> None:
    """Print a result: as JSON on standard output, or by `render` for a person."""
    if as_json:
        text = json.dumps(data, ensure_ascii=False, indent=2, default=str)
        sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")
    else:
        render(data)


def as_json_error(error: RapportError) -> str:
    """The one shape of a failure, on one line."""
    body = {"code": type(error).__name__, "message": error.message, "hint": error.hint}
    return json.dumps({"error": body}, ensure_ascii=False)


def exit_where_missed(figures: Mapping[str, Any], bounds: "Sequence[Bound]") -> None:
    """Say on standard error which bounds are missed, and end with code 1 where one is."""
    from eval.report import missed

    failing = missed(figures, bounds)
    for sentence in failing:
        console(stderr=True).print(sentence)
    if failing:
        raise typer.Exit(1)


def seeds_of(text: str) -> tuple[int, ...]:
    """The numbers of `--seeds 7,8,9`. Raises SettingsError for anything else."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise SettingsError(f"--seeds {text!r} is no list of numbers.", hint="Give numbers such as 7,8,9.")
    return tuple(int(part) for part in parts)


def console(*, stderr: bool = False, markup: bool = True) -> "Console":
    """A terminal to print to; colours only where it is one. markup: off for what people wrote, cells of tables too."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=markup)


def print_notes(notes: Iterable[str]) -> None:
    """Print what is to be known of a file on standard error, a line each."""
    from rich.text import Text

    for note in notes:
        console(stderr=True).print(Text.assemble(("note:", "yellow"), " ", note))


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator["Progress"]:
    """A progress bar on standard error with count, rate of advance and time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), disable=quiet, transient=True) as bar:
        yield bar


class TrainingBar:
    """Shows a training run on a progress bar: batches done, the loss, the time left."""

    def __init__(self, bar: "Progress", title: str) -> None:
        self._bar, self._title = bar, title
        self._task: TaskID | None = None
        self._total = 0

    def step(self, done: int, total: int, loss: float) -> None:
        """Advance; a run that starts over with other batches gets a new bar."""
        if self._task is None or total != self._total or done == 1:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task, self._total = self._bar.add_task(self._title, total=total), total
        self._bar.update(self._task, completed=done, description=f"{self._title} (loss {loss:.3f})")

    def say(self, sentence: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(sentence)


@contextmanager
def training_watch(title: str, *, quiet: bool = False) -> Iterator[TrainingBar]:
    """A progress bar on standard error for a training run."""
    with progress_bar(quiet=quiet) as bar:
        yield TrainingBar(bar, title)
