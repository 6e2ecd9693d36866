"""`rapport train …`: make a classifier from labelled texts."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, print_notes, training_watch

if TYPE_CHECKING:
    from finetune.examples import Labelled
    from rapport.cards import Card

app = typer.Typer(
    help="Make a classifier from labelled texts: JSON lines or CSV with text and label.", no_args_is_help=True
)

DataOption = Annotated[Path, typer.Option("--data", help="Rows to learn from: text and label, JSON lines or CSV.")]
DevOption = Annotated[
    Path | None, typer.Option("--dev", help="Rows to calibrate on; without it, rows of --data are held out.")
]
NameOption = Annotated[str, typer.Option("--name", help="Name of the model.")]
MethodOption = Annotated[
    str,
    typer.Option(
        "--method",
        help="head: linear on the frozen encoder, seconds; full: train its top layers too; lora: adapters on them; "
        "auto: full where it is better than head.",
    ),
]
LayersOption = Annotated[int, typer.Option("--layers", help="Top layers to train; 0: all of them.")]
EpochsOption = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        help="Passes over the rows; default: 6 for intents, 3 for sentiment, at most 5 with 20 rows a label or fewer.",
    ),
]
BatchOption = Annotated[int, typer.Option("--batch", help="Rows in a step; halved where memory does not suffice.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of everything random.")]
RiskOption = Annotated[float, typer.Option("--risk", help="Share of wrong answers accepted among the answered.")]
StrangeOption = Annotated[
    float,
    typer.Option(
        "--out-of-scope",
        help="Share of messages that no label covers, where no row is labelled oos. 0: the labels cover every message.",
    ),
]
UnlabelledOption = Annotated[
    Path | None,
    typer.Option(
        "--unlabelled",
        help="Further messages, without labels: those that a first fit is sure of teach too. Helps where rows are few.",
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds text, label or conversation."),
]
UseOption = Annotated[bool, typer.Option("--use", help="Put the model to use when it is made.")]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace a model of the same name.")]


@app.command("intent")
def intent(
    data: DataOption, name: NameOption, dev: DevOption = None, method: MethodOption = "auto", layers: LayersOption = 3,
    epochs: EpochsOption = None, batch: BatchOption = 32, seed: SeedOption = 7, risk: RiskOption = 0.05,
    out_of_scope: StrangeOption = 0.2, unlabelled: UnlabelledOption = None, map: MapOption = None,
    use: UseOption = False, replace: ReplaceOption = False, home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn what customers want. The label "oos" marks messages that no label covers."""
    plan = {"method": method, "layers": layers, "epochs": epochs, "batch": batch, "seed": seed, "risk": risk,
            "balanced": True, "strange": out_of_scope}  # fmt: skip
    _train("intent", (data, dev, unlabelled), name, plan, map, (use, replace), (home, as_json))


@app.command("sentiment")
def sentiment(
    data: DataOption, name: NameOption, dev: DevOption = None, method: MethodOption = "auto", layers: LayersOption = 3,
    epochs: EpochsOption = None, batch: BatchOption = 32, seed: SeedOption = 7, risk: RiskOption = 0.05,
    map: MapOption = None, use: UseOption = False, replace: ReplaceOption = False, home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn how customers feel: labels negative, neutral and positive."""
    plan = {"method": method, "layers": layers, "epochs": epochs, "batch": batch, "seed": seed, "risk": risk,
            "closed": True}  # fmt: skip
    _train("sentiment", (data, dev, None), name, plan, map, (use, replace), (home, as_json))


def _train(task: Any, files: tuple[Path, Path | None, Path | None], name: str, plan: dict[str, Any],
           map: list[str] | None, switches: tuple[bool, bool], place: tuple[Path | None, bool]) -> None:  # fmt: skip
    from finetune.plan import TrainingPlan
    from finetune.train import Job, train_classifier
    from rapport.models import load_encoder
    from rapport.paths import find_home
    from rapport.registry import use
    from rapport.settings import load_settings

    wanted = TrainingPlan(**plan)
    mapping = field_columns(map)
    rows, notes = _rows(files[0], mapping)
    dev, dev_notes = _rows(files[1], mapping) if files[1] else ((), ())
    more = _texts(files[2], mapping) if files[2] else ()
    print_notes((*notes, *dev_notes))
    home = find_home(place[0]).create()
    encoder = load_encoder(load_settings(home).encoder)
    job = Job(task=task, name=name, train=rows, dev=dev, plan=wanted, notes=(*notes, *dev_notes), replace=switches[1],
              unlabelled=more)  # fmt: skip
    with training_watch(f"training {name}") as watch:
        card = train_classifier(home, job, encoder=encoder, watch=watch)
    if switches[0]:
        use(home, task, name)
    emit(_summary(card), place[1], _render)


def _rows(path: Path, mapping: dict[str, str]) -> "tuple[tuple[Labelled, ...], tuple[str, ...]]":
    from finetune.labelled_files import read_labelled

    found = read_labelled(path, mapping=mapping)
    return found.rows, found.notes


def _texts(path: Path, mapping: dict[str, str]) -> tuple[str, ...]:
    from finetune.labelled_files import read_rows

    found = read_rows(path, (mapping.get("text", "text"),), option="--map text={near}")
    return tuple(text for (text,) in found if text.strip())


def field_columns(given: list[str] | None) -> dict[str, str]:
    """`FIELD=COLUMN` options as a mapping. Raises UserError for one without "="."""
    from rapport.errors import UserError

    found = {}
    for item in given or ():
        field, equals, column = item.partition("=")
        if not equals or not field or not column:
            raise UserError(f"--map {item} does not name a field and a column.", hint="Write --map text=message")
        found[field.strip()] = column.strip()
    return found


def _summary(card: "Card") -> dict[str, Any]:
    scores = dict(card.scores)
    return {
        "name": card.name,
        "rows": card.data["rows"]["train"],
        "labels": card.data["labels"],
        "seconds": scores.pop("seconds"),
        "method": card.plan["method"],
        "risk": card.plan["risk"],
        "accept": card.plan["accept"],
        "scores": scores,
        "notes": list(card.data["notes"]),
    }


def _render(summary: dict[str, Any]) -> None:
    scores = summary["scores"]
    out = console()
    out.print(f"{summary['name']}: {summary['rows']:,} rows, {summary['labels']} labels, {summary['seconds']} s, "
              f"method {summary['method']}")  # fmt: skip
    for name in ("accuracy", "macro_f1", "ece", "oos_auroc", "answered", "error_among_answered"):
        if scores.get(name) is not None:
            out.print(f"  {name:<22} {scores[name]:.3f}")
    if summary["accept"] is None:
        out.print("it will count as sure of nothing: these rows do not show that "
                  f"{summary['risk']:.1%} or fewer of its answers would be wrong. "
                  "Give more rows, or a higher --risk.")  # fmt: skip
    name = quote(summary["name"])
    out.print(f"measured on {scores['rows']:,} {scores['on']}; the whole card: rapport models show {name}")
    out.print(f"to use it: rapport models use {name}")
