"""The public retrieval sets with the figures to beat. They are read from RAPPORT_PUBLIC_DATA and never copied.

The judged questions of these sets are used here, to report, and nowhere else: what is fitted is fitted to the
corpus alone (see `retrieval.trials`).
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.report import Bound
from eval.retrieval import Bench, bench, measure
from eval.retrieval_files import Document, read_corpus, read_judgements, read_questions
from rapport.errors import NotFound
from rapport.paths import PUBLIC_DATA_VARIABLE, public_data
from retrieval.embed import Encoder, embed

OUT_OF_SCOPE = "NO_NODES_DETECTED"
ORIGINS = {
    "banking_kb": "sierra-research/tau2-bench, banking_knowledge",
    "dstc11_track5": "alexa/dstc11-track5, val",
    "curekart": "hellohaptik/HINT3, curekart_train.csv and curekart_test.csv",
}
# The best figure of each row, whichever method had it: BM25, MiniLM or their equal-weight fusion.
BOUNDS: Mapping[str, tuple[Bound, ...]] = {
    "banking_kb": (
        Bound(name="hit_at_1", least=0.474),
        Bound(name="mrr_at_10", least=0.591),
        Bound(name="recall_at_10", least=0.295),
    ),
    "dstc11_track5 all": (Bound(name="mrr_at_10", least=0.156),),
    "dstc11_track5 entity given": (Bound(name="mrr_at_10", least=0.801),),
    "curekart": (Bound(name="hit_at_1", least=0.832), Bound(name="oos_auroc", least=0.878)),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one set, and how its fusion was fitted: [level, fall] of `retrieval.tuning.Curve`."""

    figures: Mapping[str, float]
    curve: tuple[float, float]


def measure_public(encoder: Encoder, *, progress: Callable[[str], None] = lambda _: None) -> dict[str, Measured]:
    """Figures of every public set that is present. Raises NotFound, naming the sources, where none is."""
    folders = {name: public_data(name) for name in ORIGINS}
    if not any(folders.values()):
        sources = "; ".join(f"{name}: {origin}" for name, origin in ORIGINS.items())
        raise NotFound(
            f"none of the public sets is present ({sources}).",
            hint=f"Set {PUBLIC_DATA_VARIABLE} to the folder that holds them, or give --corpus, --queries, --qrels.",
        )
    results: dict[str, Measured] = {}
    for name, folder in folders.items():
        if folder is not None:
            progress(name)
            results |= _MEASURES[name](folder, encoder)
    return results


def banking(folder: Path, encoder: Encoder) -> dict[str, Measured]:
    """Long customer stories against the help articles of a bank."""
    place = bench(read_corpus(folder / "corpus.jsonl.gz"), encoder=encoder)
    questions, relevant = read_questions(folder / "queries.jsonl.gz"), read_judgements(folder / "qrels.tsv")
    return {"banking_kb": _measured(place, measure(place, questions, relevant, encoder=encoder).by_name())}


def venues(folder: Path, encoder: Encoder) -> dict[str, Measured]:
    """Last turns of dialogues against snippets about venues: all of them, and those of the right venue."""
    place = bench(read_corpus(folder / "corpus.jsonl.gz"), encoder=encoder)
    questions, relevant = read_questions(folder / "queries.jsonl.gz"), read_judgements(folder / "qrels.tsv.gz")
    return {
        f"dstc11_track5 {name}": _measured(
            place, measure(place, questions, relevant, encoder=encoder, by_entity=by_entity).by_name()
        )
        for name, by_entity in (("all", False), ("entity given", True))
    }


def messages(folder: Path, encoder: Encoder) -> dict[str, Measured]:
    """Messages to a shop against its labelled examples; the probability of an answer tells what is in scope."""
    examples = _labelled(folder / "curekart_train.csv")
    labels = {str(number): label for number, (_, label) in enumerate(examples)}
    documents = [Document(str(number), "", text) for number, (text, _) in enumerate(examples)]
    place = bench(documents, encoder=encoder, labels=labels)
    asked = _labelled(folder / "curekart_test.csv")
    vectors = embed([text for text, _ in asked], encoder)
    inside = np.array([label != OUT_OF_SCOPE for _, label in asked])
    right, scores = np.zeros(len(asked), bool), np.zeros(len(asked))
    for number, ((text, label), vector) in enumerate(zip(asked, vectors, strict=True)):
        right[number] = labels[place.search(vector, text)[0][0]] == label
        scores[number] = place.answerable(vector, text)
    figures = {
        "hit_at_1": float(right[inside].mean()),
        "oos_auroc": auroc(scores[inside], scores[~inside]),
        "questions": float(len(asked)),
    }
    return {"curekart": _measured(place, figures)}


def auroc(higher: np.ndarray, lower: np.ndarray) -> float:
    """Probability that one of `higher` scores above one of `lower`; a tie counts half."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left")
    not_above = np.searchsorted(ordered, higher, side="right")
    return float((below + not_above).mean() / 2 / len(lower))


def _measured(place: Bench, figures: Mapping[str, float]) -> Measured:
    return Measured(figures, (place.curve.level, place.curve.fall))


def _labelled(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["sentence"], row["label"]) for row in csv.DictReader(file)]


_MEASURES = {"banking_kb": banking, "dstc11_track5": venues, "curekart": messages}
