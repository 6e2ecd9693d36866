"""`rapport eval intents|sentiment`: a classifier on labelled texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit
from ui.commands.train import MapOption, field_columns

ModelOption = Annotated[str | None, typer.Option("--model", help="Name of a model; default: the one in use.")]
DataOption = Annotated[Path, typer.Option("--data", help="Labelled texts that the model was not trained on.")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Folder for the pictures and the whole report.")]


def intents(
    data: DataOption, model: ModelOption = None, report: ReportOption = None, map: MapOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Accuracy, calibration, out-of-scope detection and latency of an intent model."""
    _measure("intent", (data, model, report), map, home, as_json)


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
    rows = read_labelled(data, mapping=field_columns(map), keep_repeated=True)
    for note in rows.notes:
        console(stderr=True).print(f"[yellow]note:[/yellow] {note}")
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
            console().print(f"{name:<22} {shown}")
    for truth, guess, rows in figures["confusions"]:
        console().print(f"  {truth} taken for {guess}: {rows}")
