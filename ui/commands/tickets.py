"""`rapport tickets`: propose intents for tickets without labels, and decide on the proposals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands import ticket_labels
from ui.commands.common import HomeOption, JsonOption, console, emit, opened, progress_bar

if TYPE_CHECKING:
    from crm.store import Store
    from finetune.decisions import Decided
    from finetune.proposal import Proposal
    from rapport.paths import Home

app = typer.Typer(help="Find, set and export the intents of tickets.", no_args_is_help=True)
app.command("label-next")(ticket_labels.label_next)
app.command("label")(ticket_labels.label)
app.command("export")(ticket_labels.export)

ClusterArgument = Annotated[str, typer.Argument(metavar="CLUSTER", help="Number or name of a cluster, such as c3.")]


@app.command("cluster")
def cluster(
    from_file: Annotated[
        Path | None,
        typer.Option("--from-file", help="Group the texts of this JSONL or CSV file (column text) instead."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="With --from-file: where the labelled rows go, as JSONL.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Group tickets without an intent by what their first message asks for, and propose a name for each group.

    Nothing is labelled before `rapport tickets accept`. The proposal replaces the one before.
    """
    from rapport.errors import SettingsError

    if out is not None and from_file is None:
        raise SettingsError("--out goes with --from-file.", hint="Labels of tickets: rapport tickets export --out FILE")
    proposal = _from_file(home, from_file, out, as_json) if from_file is not None else _from_tickets(home, as_json)
    _emit_proposal(proposal, as_json)


@app.command("clusters")
def clusters(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the proposal again, with what was decided so far."""
    from finetune.proposal import load_proposal
    from rapport.paths import find_home

    _emit_proposal(load_proposal(find_home(home)), as_json)


@app.command("accept")
def accept(
    cluster: ClusterArgument,
    name: Annotated[str | None, typer.Option(help="Another name for the intent.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a cluster as an intent: its tickets that have none get its name. Doing it again changes nothing."""
    from finetune import decisions

    with _deciding(home) as (place, store):
        _emit_decided(decisions.accept(place, store, cluster, name=name), store, "accept", as_json)


@app.command("merge")
def merge(
    clusters: Annotated[list[str], typer.Argument(metavar="CLUSTER CLUSTER...", help="Two clusters or more.")],
    name: Annotated[str, typer.Option(help="The name of the whole.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make one cluster of several that ask for the same."""
    from finetune import decisions

    with _deciding(home) as (place, store):
        _emit_decided(decisions.merge(place, store, clusters, name=name), store, "merge", as_json)


@app.command("rename")
def rename(
    cluster: ClusterArgument,
    name: Annotated[str, typer.Argument(help="Its new name.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a cluster another name. Tickets that it labelled already follow."""
    from finetune import decisions

    with _deciding(home) as (place, store):
        _emit_decided(decisions.rename(place, store, cluster, name), store, "rename", as_json)


@app.command("reject")
def reject(cluster: ClusterArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Take no intent from a cluster. Labels that accepting it wrote are taken off again."""
    from finetune import decisions

    with _deciding(home) as (place, store):
        _emit_decided(decisions.reject(place, store, cluster), store, "reject", as_json)


def _from_tickets(home: Path | None, as_json: bool) -> "Proposal":
    from finetune.decisions import propose_for_tickets
    from rapport.models import load_encoder

    with opened(home) as place, _encoding(quiet=as_json) as progress:
        encoder = load_encoder(place.settings.encoder)
        return propose_for_tickets(place.home, place.store, encoder=encoder, progress=progress)


def _from_file(home: Path | None, path: Path, out: Path | None, as_json: bool) -> "Proposal":
    from finetune.decisions import propose_for_file
    from rapport.models import load_encoder
    from rapport.paths import find_home
    from rapport.settings import load_settings

    place = find_home(home)
    encoder = load_encoder(load_settings(place).encoder)
    with _encoding(quiet=as_json) as progress:
        return propose_for_file(place.create(), path, out=out, encoder=encoder, progress=progress)


@contextmanager
def _encoding(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    with progress_bar(quiet=quiet) as bar:
        task = bar.add_task("encoding", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _deciding(given: Path | None) -> "Iterator[tuple[Home, Store | None]]":
    """The home, and its store where the proposal is about tickets."""
    from finetune.proposal import TICKETS, load_proposal
    from rapport.paths import find_home

    home = find_home(given)
    if load_proposal(home).source != TICKETS:
        yield home, None
        return
    with opened(given) as place:
        yield place.home, place.store


def _emit_proposal(proposal: "Proposal", as_json: bool) -> None:
    from finetune.proposal import summary

    report = {
        **{name: getattr(proposal, name) for name in ("source", "out", "made_at", "texts", "different", "fitted_on")},
        "unclustered": proposal.unclustered,
        "clusters": [summary(one) for one in proposal.clusters],
    }
    emit(report, as_json, _render)


def _emit_decided(decided: "Decided", store: "Store | None", action: str, as_json: bool) -> None:
    from finetune.proposal import summary

    cluster = decided.cluster
    if store is not None:
        details = {"cluster": cluster.id, "tickets": decided.changed}
        store.audit("admin", f"tickets.{action}", subject=cluster.name, details=details)
    report = {**summary(cluster), "changed": decided.changed, "out": decided.proposal.out}
    emit(report, as_json, _render_decided)


def _render(report: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "intent", "texts", "", box=None, padding=(0, 2, 0, 0))
    table.add_column("examples", no_wrap=True)
    for one in report["clusters"]:
        state = "" if one["state"] == "proposed" else one["state"]
        shown = " | ".join(_cut(text) for text in one["examples"][:2])
        table.add_row(one["id"], Text(one["name"]), f"{one['size']:,}", state, Text(shown))
    table.add_row("", "unclustered", f"{report['unclustered']:,}", "", "")
    out = console()
    out.print(table)
    if report["fitted_on"] < report["different"]:
        console(stderr=True).print(
            f"found on {report['fitted_on']:,} of {report['different']:,} different texts; the others joined these"
        )
    if report["out"]:
        console(stderr=True).print(f"labelled rows: {report['out']}", markup=False)


def _render_decided(report: dict[str, Any]) -> None:
    told = f", {report['changed']:,} labels changed" if not report["out"] else ""
    console().print(f"{report['id']} {report['name']}: {report['state']}, {report['size']:,} texts{told}", markup=False)
    if report["out"]:
        console(stderr=True).print(f"labelled rows: {report['out']}", markup=False)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
