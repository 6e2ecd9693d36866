"""Measure a classifier on labelled texts: how often it is right, how far it can be trusted, how fast it is."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eval.report import spread
from finetune.examples import Labelled
from finetune.scores import classifier_scores
from rapport.classifiers import Classifier, Suite
from rapport.heads import HeadOutput
from rapport.text import mask

if TYPE_CHECKING:
    from rapport.models import Encoder

TIMED = 200  # messages whose single latency is measured


def predict(classifier: Classifier, texts: Sequence[str], *, encoder: "Encoder") -> HeadOutput:
    """What a classifier says of texts as customers write them."""
    return Suite(encoder, {"it": classifier}).read([mask(text) for text in texts]).outputs["it"]


def measure(
    classifier: Classifier, rows: Sequence[Labelled], *, encoder: "Encoder"
) -> tuple[dict[str, Any], HeadOutput]:
    """The figures of `finetune.scores` with ms_p50 and ms_p95 of single messages, and the predictions."""
    output = predict(classifier, [row.text for row in rows], encoder=encoder)
    figures = classifier_scores(output, [row.label for row in rows])
    return {**figures, **latency(classifier, [row.text for row in rows[:TIMED]], encoder=encoder)}, output


def latency(classifier: Classifier, texts: Sequence[str], *, encoder: "Encoder") -> dict[str, float]:
    """Milliseconds of one message at a time, the encoding included: median and 95th percentile."""
    suite = Suite(encoder, {"it": classifier})
    suite.read(["warm up"])
    taken = []
    for text in texts:
        started = time.perf_counter()
        suite.read([mask(text)])
        taken.append((time.perf_counter() - started) * 1000)
    ordered = sorted(taken)
    return {"ms_p50": spread(taken).median, "ms_p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]}
