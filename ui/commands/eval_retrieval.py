"""`rapport eval retrieval`: search on a judged corpus, or on the public sets against their figures."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import SettingsError
from ui.commands.common import HomeOption, JsonOption, console, emit

MODES = ("dense", "keyword", "hybrid")


def command(
    corpus: Annotated[Path | None, typer.Option(help='JSONL {"id","title","text","entity"?}, may be gzipped.')] = None,
    queries: Annotated[Path | None, typer.Option(help='JSONL {"id","text","entity"?}, may be gzipped.')] = None,
    qrels: Annotated[Path | None, typer.Option(help="Lines query<TAB>document<TAB>grade, may be gzipped.")] = None,
    mode: Annotated[str, typer.Option(help="dense, keyword or hybrid.")] = "hybrid",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure search. Without files, on the public sets that are present; exits 1 where a figure is missed.

    The fusion is fitted to the corpus, never to the questions. Only the encoder's settings of --home are read.
    """
    from rapport.models import load_encoder
    from rapport.paths import find_home
    from rapport.settings import load_settings

    if mode not in MODES:
        raise SettingsError(f"--mode {mode} is not known.", hint=f"Give one of: {', '.join(MODES)}.")
    given = [path for path in (corpus, queries, qrels) if path is not None]
    if given and len(given) < 3:
        raise SettingsError("--corpus, --queries and --qrels go together.", hint="Give all three, or none of them.")
    encoder = load_encoder(load_settings(find_home(home)).encoder)
    if corpus and queries and qrels:
        _files(encoder, (corpus, queries, qrels), mode=mode, as_json=as_json)
    else:
        _public(encoder, as_json=as_json)


def _files(encoder: Any, paths: tuple[Path, Path, Path], *, mode: str, as_json: bool) -> None:
    from eval.report import rounded
    from eval.retrieval import bench, measure
    from eval.retrieval_files import read_corpus, read_judgements, read_questions

    corpus, queries, qrels = paths
    questions, relevant = read_questions(queries), read_judgements(qrels)
    place = bench(read_corpus(corpus), encoder=encoder, mode=mode)  # type: ignore[arg-type]
    figures = asdict(measure(place, questions, relevant, encoder=encoder))
    emit(rounded(figures), as_json, _render_figures)


def _public(encoder: Any, *, as_json: bool) -> None:
    from eval.report import missed, rounded
    from eval.retrieval_public import BOUNDS, measure_public

    progress = console(stderr=True)
    measured = measure_public(encoder, progress=lambda name: progress.print(f"measuring {name} …"))
    report = {
        name: {
            **result.figures,
            "curve": list(result.curve),
            "targets": {bound.name: bound.least for bound in BOUNDS[name]},
            "missed": missed(result.figures, BOUNDS[name]),
        }
        for name, result in measured.items()
    }
    emit(rounded(report), as_json, _render_table)
    if any(values["missed"] for values in report.values()):
        raise typer.Exit(1)


def _render_figures(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        console().print(f"{name:<14} {value}")


def _render_table(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("set", "measure", "figure", "target", "")
    for name, values in report.items():
        for measure, target in values["targets"].items():
            reached = values[measure] >= target
            table.add_row(name, measure, f"{values[measure]:.4f}", f"{target:.3f}", "reached" if reached else "missed")
    console().print(table)
