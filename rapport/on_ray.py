"""Do one kind of work in many processes with Ray Data: on this machine, or on the cluster that RAY_ADDRESS names.

Each process makes its worker once, so a model is loaded once a process. Knows nothing of the work. Ray is an optional
package and loads here alone.
"""

import importlib
import logging
import os
import secrets
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rapport.errors import MissingPackage, ModelError, RapportError, SettingsError

ADDRESS_VARIABLE = "RAY_ADDRESS"
MOST_PIECES = 2_000  # handed out one by one; above, several rows go together
_OBJECT_STORE = 256 * 2**20  # bytes of shared memory for rows on their way; Ray would take a third of the machine's
Row = dict[str, Any]
Worker = Callable[[Row], Row]


def on_ray(rows: Sequence[Row], worker: type, given: Mapping[str, Any]) -> Iterator[Row]:
    """What the workers make of the rows, in the order of the rows, as it comes.

    worker: a class at the top of a module; `worker(**given)` is made once in each process, one a core, and called with
    each of its rows. Rows hold texts, numbers, lists of them and arrays. A row may be worked on twice where a machine
    is lost, so a worker only computes. Raises MissingPackage without Ray, SettingsError where the cluster cannot be
    reached, the worker's own RapportError where it raised one, ModelError where it failed otherwise.
    """
    if not rows:
        return
    with connected() as ray:
        failure = yield from _made(ray, rows, {"worker": worker, "given": dict(given)})
    if failure is not None:
        raise failure


def _made(ray: Any, rows: Sequence[Row], errand: Mapping[str, Any]) -> Generator[Row, None, RapportError | None]:
    """The rows; returns what went wrong. Raised here, it would hold on to the processes for as long as it is kept."""
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised, and told once
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.raise_original_map_exception = True
    context.execution_options.preserve_order = True
    processes = max(1, min(int(ray.cluster_resources().get("CPU", 1)), len(rows)))
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=processes, initial_size=processes)
    pieces = ray.data.from_items(list(rows), override_num_blocks=min(len(rows), MOST_PIECES))
    try:
        yield from pieces.map(_Errand, fn_constructor_kwargs=errand, compute=pool, num_cpus=1).iter_rows()
    except ray.exceptions.RayError as error:
        return _told(error)
    return None


def on_cluster() -> bool:
    """Whether the work goes to a cluster, and so perhaps to other machines."""
    return os.environ.get(ADDRESS_VARIABLE, "local") != "local"


@contextmanager
def connected() -> Iterator[Any]:
    """Ray, connected for as long as the block runs; what runs inside shares it, and one that was there before stays."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # else Ray tells its makers how it is used
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if not on_cluster() and "ray" not in sys.modules:  # Ray reads it as it loads
        # Its ports are open to the network: who lacks the token may not use them.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.data")
    except ImportError as error:
        raise MissingPackage(
            f"Ray Data is not installed ({error}).", hint="Run: pip install 'rapport[scale]'"
        ) from error
    if ray.is_initialized():
        yield ray
        return
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if on_cluster():
            ray.init(**quiet)
        else:
            ray.init(address="local", include_dashboard=False, object_store_memory=_OBJECT_STORE, **quiet)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        where = os.environ.get(ADDRESS_VARIABLE, "this machine")
        raise SettingsError(
            f"Ray does not start on {where} ({_in_words(error)}).",
            hint=f"Give the address of a cluster's head in {ADDRESS_VARIABLE}, or leave it out for this machine.",
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


class _Errand:
    """A worker that is made at its first row: what goes wrong before, Ray tells as the text of a traceback alone."""

    def __init__(self, worker: type, given: Mapping[str, Any]) -> None:
        self._make, self._given = worker, given
        self._worker: Worker | None = None

    def __call__(self, row: Row) -> Row:
        if self._worker is None:
            self._worker = self._make(**self._given)
        return self._worker(row)


def _told(error: Exception) -> RapportError:
    """The worker's own error from under Ray's, where it is one of ours."""
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, RapportError):
        return cause
    return ModelError(f"a worker on Ray failed ({_in_words(cause)}).", hint="Without --ray, the error tells where.")


def _in_words(error: BaseException) -> str:
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}"
