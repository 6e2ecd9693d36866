"""Two classifiers of one role side by side: measured on the same labelled texts, or by the scores of their cards."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import Refused
from ui.commands.common import console, emit

if TYPE_CHECKING:
    from rapport.paths import Home

CARDS_DIFFER = "each card's scores were measured on rows of its own; --data measures both on the same ones"


def compare_classifiers(home: "Home", role: str, names: tuple[str, str], data: Path | None, as_json: bool) -> None:
    """Print both. With data: accuracy of each, and their difference with its interval."""
    from rapport.registry import SHARED_ROLES

    if data is not None and role not in SHARED_ROLES:
        raise Refused(
            f"two {role} models are not measured side by side.",
            hint=f"Run: rapport eval {role} --data {data} --model NAME",
        )
    found = _by_cards(home, role, names) if data is None else _on_rows(home, role, names, data)
    emit(found, as_json, _render)


def _by_cards(home: "Home", role: str, names: tuple[str, str]) -> dict[str, Any]:
    from rapport.cards import read_card
    from rapport.registry import artifact_folder

    cards = [read_card(artifact_folder(home, name)) for name in names]
    for card in cards:
        if card.kind != role:
            raise Refused(f"'{card.name}' is a model for {card.kind}, not for {role}.", hint="See: rapport models list")
    figures = [key for key, value in cards[0].scores.items() if isinstance(value, int | float)]
    rows = {key: [card.scores.get(key) for card in cards] for key in figures}
    return {"candidate": names[0], "in_use": names[1], "figures": rows, "note": CARDS_DIFFER}


def _on_rows(home: "Home", role: str, names: tuple[str, str], data: Path) -> dict[str, Any]:
    from eval.intents import predict
    from eval.paired import Bootstrap, difference, mean
    from eval.report import rounded
    from finetune.labelled_files import read_labelled
    from ui.commands.models_at import classifier_at

    rows = read_labelled(data).rows
    right = []
    for name in names:
        found = classifier_at(home.root, role, name)
        output = predict(found.classifier, [row.text for row in rows], encoder=found.encoder)
        right.append([float(output.best(place)[0] == row.label) for place, row in enumerate(rows)])
    change = Bootstrap().estimate(difference(mean), *right)
    accuracy = [sum(column) / len(column) for column in right]
    return dict(
        rounded({
            "candidate": names[0], "in_use": names[1], "rows": len(rows), "figures": {"accuracy": accuracy},
            "change": {"accuracy": [change.value, change.low, change.high]},
        })
    )  # fmt: skip


def _render(found: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("", found["candidate"], found["in_use"], "change", "95% interval", box=None, padding=(0, 2, 0, 0))
    for name, pair in found["figures"].items():
        change = found.get("change", {}).get(name)
        told = ("", "") if change is None else (f"{change[0]:+.3f}", f"{change[1]:+.3f} to {change[2]:+.3f}")
        table.add_row(name, *("" if value is None else f"{value:g}" for value in pair), *told)
    console().print(table)
    console().print(found["note"] if "note" in found else f"{found['rows']:,} rows")
