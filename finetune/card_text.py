"""A model's card in words, for the person who has to decide whether to use it."""

from collections.abc import Iterator
from typing import Any

from rapport.cards import Card

CARD_TEXT = "CARD.md"
SHOWN = 12  # labels and confusions listed; the rest is in card.json


def card_text(card: Card) -> str:
    """The card as Markdown."""
    return "\n".join(
        (*_head(card), *_scores(card.scores), *_labels(card.data), *_confusions(card.scores), *_plan(card))
    )


def _head(card: Card) -> Iterator[str]:
    rows = card.data["rows"]
    yield f"# {card.name}\n"
    yield f"Tells the {card.kind} of a customer's message: one of {card.data['labels']} labels.\n"
    fitted = sum(rows.values()) if "fitted_on" in card.plan else rows["train"]
    talks = f" of {card.data['conversations']:,} conversations" if card.data.get("conversations") else ""
    yield f"Trained on {fitted:,} rows{talks} (fingerprint `{card.data['fingerprint']}`) on the encoder `{card.base}`."
    yield f"Licence: {card.licence}.\n"
    for note in card.data.get("notes", ()):
        yield f"- {note}"
    yield ""


def _scores(scores: Any) -> Iterator[str]:
    yield f"## How good it is\n\nMeasured on {scores['rows']:,} rows that it was not fitted on ({scores['on']}).\n"
    yield "| what | figure | meaning |\n|---|---|---|"
    meanings = {
        "recall": "share of the messages that need a person which it passes on",
        "precision": "share of the messages that it passes on which need a person",
        "accuracy": "share of messages whose label is right",
        "macro_f1": "how right it is, rare labels counting as much as frequent ones (mean F1)",
        "ece": "how far its probabilities are from the truth (expected calibration error; 0 is perfect)",
        "ece_by_chance": "what chance alone would show there with right probabilities on as many rows",
        "reasons": "share of right reasons, where a person is offered or takes over",
        "oos_auroc": "how well it tells messages that no label covers (0.5 is chance, 1 perfect)",
        "coverage_at_5pct_error": "share that could be answered with 5% of them wrong",
        "answered": "share that it is sure enough to answer at its risk",
        "error_among_answered": "share of those that are wrong",
    }
    for name, meaning in meanings.items():
        if scores.get(name) is not None:
            yield f"| {name} | {scores[name]:.3f} | {meaning} |"
    yield ""


def _labels(data: Any) -> Iterator[str]:
    yield "## Labels\n\n| label | training rows |\n|---|---|"
    sizes = list(data.get("sizes", {}).items())
    for label, count in sizes[:SHOWN]:
        yield f"| {_short(label)} | {count:,} |"
    if len(sizes) > SHOWN:
        rest = sizes[SHOWN:]
        yield f"| {len(rest)} more | {sum(count for _, count in rest):,} |"
    yield ""


def _confusions(scores: Any) -> Iterator[str]:
    if not scores.get("confusions"):
        return
    yield "## What it takes for what\n\n| it was | it said | rows |\n|---|---|---|"
    for truth, guess, rows in scores["confusions"][:SHOWN]:
        yield f"| {_short(truth)} | {_short(guess)} | {rows} |"
    yield ""


def _plan(card: Card) -> Iterator[str]:
    yield "## How it was made\n"
    if costs := card.plan.get("costs"):
        yield f"- at inference it {costs['means']} ({costs['encodings']} of an encoding a message)"
    names = ("method", "layers", "epochs", "batch", "learning_rate", "seed", "risk", "temperature", "accept")
    for name in (*names, "fitted_on", "sentiment"):
        if name in card.plan:
            yield f"- {name}: {card.plan[name]}"
    if "seconds" in card.scores:
        yield f"- seconds: {card.scores['seconds']}"


def _short(label: str) -> str:
    return label if len(label) <= 60 else f"{label[:59]}…"
