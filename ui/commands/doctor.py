"""`rapport doctor`: check this machine and this home, and say how to mend what is wrong."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import typer

from rapport.errors import RapportError
from rapport.paths import Home, find_home
from rapport.settings import Settings, load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: passed or not, what was seen, and what to do."""

    check: str
    passed: bool
    seen: str
    hint: str = ""


def command(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check packages, models, records, index and disk; exits 1 where something is wrong."""
    place = find_home(home)
    findings = diagnose(place)
    passed = all(item.passed for item in findings)
    emit({"passed": passed, "checks": [asdict(item) for item in findings]}, as_json, lambda _: _render(findings))
    if not passed:
        raise typer.Exit(1)


def diagnose(home: Home) -> list[Finding]:
    """Run every check; one that raises is a finding, not a crash."""
    findings = [_python(), _faiss(), _disk(home)]
    try:
        settings = load_settings(home)
    except RapportError as error:
        return [*findings, Finding("settings", False, error.message, error.hint)]
    there = home.settings_file.is_file()
    findings.append(Finding("settings", True, str(home.settings_file) if there else "none written: the defaults"))
    checks: tuple[tuple[str, Callable[[Home, Settings], str]], ...] = (
        ("encoder", _encoder),
        ("chat model", _chat_model),
        ("records", _records),
        ("classifiers", _classifiers),
        ("index", _index),
    )
    for name, check in checks:
        try:
            findings.append(Finding(name, True, check(home, settings)))
        except RapportError as error:
            findings.append(Finding(name, False, error.message, error.hint))
    return findings


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.machine()}")


def _faiss() -> Finding:
    """faiss-cpu and faiss-gpu write the same module; with both, which one loads is chance."""
    there = [name for name in ("faiss-cpu", "faiss-gpu") if _installed(name)]
    if len(there) == 2:
        hint = "Run: pip uninstall -y faiss-cpu faiss-gpu && pip install faiss-gpu (or faiss-cpu)"
        return Finding("faiss", False, "faiss-cpu and faiss-gpu are both installed", hint)
    return Finding("faiss", bool(there), ", ".join(there) or "missing", "" if there else "Run: pip install faiss-cpu")


def _disk(home: Home) -> Finding:
    folder = next(parent for parent in (home.root, *home.root.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    hint = "" if free > LEAST_FREE_BYTES else "Free some space, or move the home with RAPPORT_HOME."
    return Finding("disk", free > LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free", hint)


def _encoder(home: Home, settings: Settings) -> str:
    from rapport.models import load_encoder

    encoder = load_encoder(settings.encoder)
    return f"{encoder.name}, {encoder.dim} numbers, {encoder.fingerprint}"


def _chat_model(home: Home, settings: Settings) -> str:
    """What writes the replies; a model on this machine is loaded, a server is not asked."""
    from agent.writer import load_writer

    writer = load_writer(settings, home)
    told = writer.describe() if writer else ""
    return f"{settings.chat_model}: {told}" if told else settings.chat_model


def _expect_records(home: Home, settings: Settings) -> None:
    """A look must not make a database."""
    from rapport.errors import NotFound

    if not home.database_file.exists() and settings.database_url(home) == f"sqlite:///{home.database_file}":
        raise NotFound(f"there is no company in {home.root}.", hint="Run: rapport init, or rapport init --sample")


def _records(home: Home, settings: Settings) -> str:
    _expect_records(home, settings)
    from crm.store import Store
    from rapport.records import RecordKind

    with Store.open(settings.database_url(home)) as store:
        return ", ".join(f"{store.count(kind):,} {kind.value}" for kind in RecordKind)


def _classifiers(home: Home, settings: Settings) -> str:
    from rapport.cards import read_card
    from rapport.errors import NotFound
    from rapport.models import load_encoder
    from rapport.registry import ROLES, SHARED_ROLES, current
    from ui.setup import older_heads

    told = []
    for role in ROLES:
        name = current(home, role)
        if name is not None:
            read_card(home.models / name)
            told.append(f"{role} {name}")
        elif role in SHARED_ROLES:
            raise NotFound(f"no {role} classifier is in use.", hint="Run: rapport init")
    try:
        older = older_heads(home, load_encoder(settings.encoder))
    except RapportError:  # what is wrong with the encoder is told as such
        older = []
    note = f" (not what this version makes: {', '.join(older)}; rapport init renews)" if older else ""
    return ", ".join(told) + note


def _index(home: Home, settings: Settings) -> str:
    from crm.store import Store
    from rapport.errors import IndexMismatch
    from retrieval import sync

    _expect_records(home, settings)
    with Store.open(settings.database_url(home)) as store:
        info = sync.info(home, store)
    if info.state != "ready":
        raise IndexMismatch(f"the index is {info.state}.", hint="Run: rapport index build")
    return f"{info.passages:,} passages, {info.behind} changes behind"


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _render(findings: list[Finding]) -> None:
    from rich.text import Text

    out: Any = console(markup=False)
    for item in findings:
        mark = ("ok ", "green") if item.passed else ("BAD", "red")
        out.print(Text.assemble(mark, f" {item.check:<12} {item.seen}"))
        if item.hint:
            out.print(f"    {item.hint}", style="yellow")
