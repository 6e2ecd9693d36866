"""How well escalation is told: on the sample company's held-out conversations, or on a company's own.

The invented conversations are rendered anew for each seed (words, typos, order of events); the head is fitted on the
train part, calibrated on dev and scored on test, whose phrase families it has never seen. Fitting itself has no chance
in it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.report import Bound
from rapport.errors import NotFound
from rapport.models import Encoder
from rapport.paths import Home

SEEDS = (7, 8, 9)
BOUNDS = (Bound(name="recall", least=0.95), Bound(name="precision", least=0.90), Bound(name="ece", most=0.05))
MEASURED = ("recall", "precision", "macro_f1", "ece", "reasons")


def measure(
    encoder: Encoder, *, seeds: Sequence[int] = SEEDS, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Mean scores over the seeds, with the lowest and the highest of each under "spread". progress: seeds done."""
    from finetune.defaults import fit_head
    from finetune.escalation import fit_escalation
    from finetune.examples import representative, sentiment_rows
    from finetune.vectors import VectorCache
    from rapport.sample.conversations import make_conversations
    from rapport.sample.utterances import make_examples

    vectors = VectorCache(encoder)
    ordinary = representative(make_examples(SEEDS[0]))
    sentiment = fit_head("sentiment", sentiment_rows(ordinary), vectors)
    runs = []
    for done, seed in enumerate(seeds, start=1):
        conversations = make_conversations(seed, ordinary)
        runs.append(fit_escalation(conversations, vectors, sentiment=sentiment, refit=False)[1])
        progress(done)
    return {
        **{name: sum(run[name] for run in runs) / len(runs) for name in MEASURED},
        "rows": sum(run["rows"] for run in runs),
        "escalate": sum(run["escalate"] for run in runs),
        "seeds": list(seeds),
        "spread": {name: [min(run[name] for run in runs), max(run[name] for run in runs)] for name in MEASURED},
        "confusions": runs[0]["confusions"],
    }


def measure_file(home: Home, path: Path, encoder: Encoder, *, name: str | None = None) -> dict[str, Any]:
    """Scores of a home's head on a company's own rows. name: of the head; by default the one in use.

    Raises BadRow for a row that cannot be read, NotFound where a head is missing.
    """
    from finetune.escalation import escalation_scores
    from finetune.escalation_files import read_conversations
    from finetune.escalation_rows import RowMaker
    from finetune.vectors import VectorCache
    from rapport.heads import load_head
    from rapport.registry import artifact_folder, current

    names = {"sentiment": current(home, "sentiment"), "escalation": name or current(home, "escalation")}
    heads = {}
    for role, chosen in names.items():
        if chosen is None:
            raise NotFound(f"no {role} model is in use in {home.root}.", hint="Run: rapport init")
        heads[role] = load_head(artifact_folder(home, chosen))
        heads[role].check_base(encoder)
    rows = RowMaker(VectorCache(encoder), heads["sentiment"]).rows(read_conversations(path))
    return {**escalation_scores(heads["escalation"], rows), "model": names["escalation"]}
