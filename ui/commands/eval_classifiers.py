"""`rapport eval intents|sentiment`: a classifier on labelled texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, print_notes, seeds_of
from ui.commands.train import MapOption, field_columns

ModelOption = Annotated[str | None, typer.Option("--model", help="Name of a model; default: the one in use.")]
DataOption = Annotated[Path, typer.Option("--data", help="Labelled texts that the model was not trained on.")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Folder for the pictures and the whole report.")]


def intents(
    data: Annotated[Path | None, typer.Option("--data", help="Labelled texts; without it, the public sets.")] = None,
    model: ModelOption = None, report: ReportOption = None, map: MapOption = None,
    set: Annotated[list[str] | None, typer.Option("--set", help="Public sets to train and measure on.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds of the trainings on public sets.")] = "1,2,3",
    method: Annotated[str, typer.Option(help="Method of the trainings on public sets.")] = "auto",
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Accuracy, calibration, out-of-scope detection and latency of an intent model.

    Without --data it trains on each public set that is present, with each seed, and measures on its test part: half an
    hour and more a set. Exits 1 where a bound is missed.
    """
    if data is not None:
        _measure("intent", (data, model, report), map, home, as_json)
    else:
        _public(set, seeds, method, as_json)


def sentiment(
    data: DataOption, model: ModelOption = None, report: ReportOption = None, map: MapOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Accuracy, calibration and latency of a sentiment model."""
    _measure("sentiment", (data, model, report), map, home, as_json)


def _measure(task: str, given: tuple[Path, str | None, Path | None], map: list[str] | None, home: Path | None,
             as_json: bool) -> None:  # fmt: skip
    from eval.intents import measure
    from eval.report import rounded
    from finetune.labelled_files import read_labelled
    from ui.commands.models_at import classifier_at

    data, name, folder = given
    rows = read_labelled(data, mapping=field_columns(map))
    print_notes(rows.notes)
    found = classifier_at(home, task, name)
    figures, output = measure(found.classifier, rows.rows, encoder=found.encoder)
    if folder is not None:
        from eval.pictures import draw_report

        figures["report"] = [str(path) for path in draw_report(folder, output, [row.label for row in rows.rows])]
    emit(rounded({"model": found.card.name, **figures}), as_json, _render)


def _render(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        if name != "confusions" and value is not None:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            console().print(f"{name:<22} {shown}", markup=False)
    for truth, guess, rows in figures["confusions"]:
        console().print(f"  {truth} taken for {guess}: {rows}", markup=False)


def _public(names: list[str] | None, seeds: str, method: str, as_json: bool) -> None:
    from eval.intents_public import SETS, measure_set, summary
    from eval.report import missed, rounded
    from rapport.errors import SettingsError
    from rapport.models import load_encoder
    from rapport.paths import public_data
    from ui.commands.common import training_watch

    if unknown := [name for name in names or () if name not in SETS]:
        raise SettingsError(f"--set {unknown[0]} is not known.", hint=f"Give some of: {', '.join(SETS)}.")
    numbers = seeds_of(seeds)
    chosen = names or [name for name, one in SETS.items() if public_data(one.folder)] or list(SETS)
    encoder, report = load_encoder(), {}
    for name in chosen:
        runs = []
        for seed in numbers:
            with training_watch(f"{name}, seed {seed}") as watch:
                runs.append(measure_set(SETS[name], seed=seed, method=method, encoder=encoder, watch=watch))
        figures = summary(runs)
        report[name] = {**figures, "missed": missed(figures["mean"], SETS[name].bounds)}
        console(stderr=True).print(f"{name}: {rounded(figures['mean'])}")
    emit(rounded(report), as_json, _render_public)
    if any(values["missed"] for values in report.values()):
        raise typer.Exit(1)


def _render_public(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("set", "seeds", "accuracy", "macro-F1", "over SVM", "OOS AUROC", "ECE", "answered", "wrong", "missed")
    for name, values in report.items():
        mean = values["mean"]
        cells = ("accuracy", "macro_f1", "over_svm", "oos_auroc", "ece", "answered", "error_among_answered")
        shown = ["" if mean.get(cell) is None else f"{mean[cell]:.4f}" for cell in cells]
        table.add_row(name, str(values["runs"]), *shown, "; ".join(values["missed"]))
    console().print(table)
