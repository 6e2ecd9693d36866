"""Train and measure classifiers on the public sets, beside a linear SVM on the same rows. Reads files; no network.

No choice is made on a test part: whatever a classifier needs beside its training rows is held out of them.
"""

import csv
import gzip
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.intents import measure
from eval.report import Bound
from finetune.examples import Labelled
from finetune.goemotions import read_goemotions
from finetune.plan import Task, TrainingPlan
from finetune.train import Job, train_classifier
from rapport.classifiers import load_classifier
from rapport.errors import NotFound
from rapport.heads import BOTH, OOS
from rapport.metrics import macro_f1
from rapport.paths import PUBLIC_DATA_VARIABLE, Home, public_data

if TYPE_CHECKING:
    from finetune.tuning import Watch
    from rapport.models import Encoder

_JOINED = "<div>"  # between the labels of a turn that has several, in MultiDoGo
DOMAINS = ("airline", "fastfood", "finance", "insurance", "media", "software")
CALIBRATED = (Bound(name="ece", most=0.03), Bound(name="error_among_answered", most=0.05))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """One set. svm: whether a linear SVM is fitted beside it. origin: where it is from.

    unlabelled: the file whose texts, without their labels, are given beside the training rows; or none.
    """

    name: str
    folder: str
    origin: str
    task: Task
    load: Callable[[Path], tuple[list[Labelled], list[Labelled]]]
    bounds: tuple[Bound, ...] = ()
    svm: bool = False
    plan: Mapping[str, Any] = field(default_factory=dict)
    unlabelled: str = ""


def _banking(train: str) -> Callable[[Path], tuple[list[Labelled], list[Labelled]]]:
    def load(folder: Path) -> tuple[list[Labelled], list[Labelled]]:
        return _json_rows(folder / train), _json_rows(folder / "test.jsonl")

    return load


def _json_rows(path: Path) -> list[Labelled]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Labelled(row["text"], row["intent"]) for row in map(json.loads, lines)]


def _curekart(folder: Path) -> tuple[list[Labelled], list[Labelled]]:
    def rows(part: str) -> Iterator[Labelled]:
        with (folder / f"curekart_{part}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield Labelled(row["sentence"], OOS if row["label"] == "NO_NODES_DETECTED" else row["label"])

    return list(rows("train")), list(rows("test"))


def _goemotions(folder: Path) -> tuple[list[Labelled], list[Labelled]]:
    return read_goemotions(folder, "train"), read_goemotions(folder, "test")


def _multidogo(domain: str) -> Callable[[Path], tuple[list[Labelled], list[Labelled]]]:
    def load(folder: Path) -> tuple[list[Labelled], list[Labelled]]:
        def rows(part: str) -> Iterator[Labelled]:
            with gzip.open(folder / f"{domain}_{part}.jsonl.gz", "rt", encoding="utf-8") as file:
                for row in map(json.loads, file):
                    text, label = row["utterance"] or "", row["intent"] or ""
                    if text.strip() and label.strip():
                        yield Labelled(text, label.replace(_JOINED, BOTH), row.get("conversationId") or "")

        return list(rows("train")), list(rows("test"))

    return load


_BANKING = "PolyAI-LDN/task-specific-datasets, banking_data"
SETS: Mapping[str, PublicSet] = {
    one.name: one
    for one in (
        PublicSet(
            name="banking77", folder="banking77", origin=_BANKING, task="intent", load=_banking("train.jsonl"),
            bounds=(Bound(name="accuracy", least=0.944), *CALIBRATED),
        ),
        PublicSet(
            name="banking77_10shot", folder="banking77", origin=_BANKING, task="intent",
            load=_banking("fewshot_train_10.jsonl"), bounds=(Bound(name="accuracy", least=0.885), *CALIBRATED),
        ),
        PublicSet(
            name="banking77_10shot_unlabelled", folder="banking77", origin=_BANKING, task="intent",
            load=_banking("fewshot_train_10.jsonl"), unlabelled="train.jsonl",
            bounds=(Bound(name="accuracy", least=0.885), *CALIBRATED),
        ),
        PublicSet(
            name="curekart", folder="curekart", origin="hellohaptik/HINT3, dataset v1", task="intent", load=_curekart,
            plan={"strange": 0.5},
            bounds=(Bound(name="accuracy", least=0.86), Bound(name="oos_auroc", least=0.90), *CALIBRATED),
        ),
        PublicSet(
            name="goemotions", folder="goemotions", origin="google-research, goemotions/data", task="sentiment",
            load=_goemotions, bounds=(Bound(name="over_svm", least=0.05), *CALIBRATED), svm=True,
        ),
        *(
            PublicSet(
                name=f"multidogo_{domain}", folder="multidogo", task="intent", load=_multidogo(domain), svm=True,
                origin="awslabs/multi-domain-goal-oriented-dialogues-dataset",
                # what fits no other label bears one of its own, "outofdomain"
                plan={"strange": 0.0}, bounds=(Bound(name="over_svm", least=0.03), *CALIBRATED),
            )
            for domain in DOMAINS
        ),
    )
}  # fmt: skip


def measure_set(one: PublicSet, *, seed: int, method: str, encoder: "Encoder", watch: "Watch") -> dict[str, Any]:
    """Train on the set's training rows with this seed and measure on its test rows.

    Raises NotFound where the set is not present.
    """
    folder = public_data(one.folder)
    if folder is None:
        raise NotFound(
            f"the public set '{one.folder}' is not present.",
            hint=f"It comes from {one.origin}; put it into a folder and name that in {PUBLIC_DATA_VARIABLE}.",
        )
    train, test = one.load(folder)
    given = {"method": method, "seed": seed, "balanced": one.task == "intent", "closed": one.task == "sentiment"}
    plan = TrainingPlan(**{**given, **one.plan})
    more = [row.text for row in _json_rows(folder / one.unlabelled)] if one.unlabelled else ()
    with tempfile.TemporaryDirectory(prefix="rapport-eval-") as place:
        home = Home(Path(place)).create()
        job = Job(task=one.task, name=one.name, train=train, plan=plan, unlabelled=more)
        card = train_classifier(home, job, encoder=encoder, watch=watch)
        figures, _ = measure(load_classifier(home.models / one.name, encoder), test, encoder=encoder)
    figures |= {"seed": seed, "method": card.plan["method"], "seconds": card.scores["seconds"], "train": len(train)}
    if one.svm:
        figures["svm_macro_f1"] = svm_macro_f1(train, test)
        figures["over_svm"] = figures["macro_f1"] - figures["svm_macro_f1"]
    return figures


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean, and the largest less the smallest, of each figure over the runs; the runs' own figures beside them.

    The mean is None where no run measured a figure, such as the error where nothing was answered.
    """
    numbers = [
        name for name in runs[0] if name != "seed" and all(isinstance(run[name], int | float | None) for run in runs)
    ]
    values = {name: [run[name] for run in runs if run[name] is not None] for name in numbers}
    mean = {name: sum(found) / len(found) if found else None for name, found in values.items()}
    keep = ("seed", "method", "accuracy", "macro_f1", "oos_auroc", "ece", "ece_by_chance", "answered",
            "error_among_answered", "error_interval", "over_svm", "seconds")  # fmt: skip
    return {
        "runs": len(runs),
        "mean": mean,
        "spread": {name: max(found) - min(found) for name, found in values.items() if found},
        "each": [{name: run[name] for name in keep if run.get(name) is not None} for run in runs],
    }


def svm_macro_f1(train: Sequence[Labelled], test: Sequence[Labelled]) -> float:
    """Macro-F1 of a linear SVM on TF-IDF of words, word pairs and groups of two to five letters."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    model = make_pipeline(features, LinearSVC(C=1.0))
    model.fit([row.text for row in train], [row.label for row in train])
    known = [row for row in test if row.label != OOS]
    return macro_f1([row.label for row in known], list(model.predict([row.text for row in known])))
