"""How well escalation is told: on the sample company's held-out conversations, or on a company's own.

The invented conversations are rendered anew for each seed (words, typos, order of events); the head is fitted on the
train part, calibrated on dev and scored on test, whose phrase families it has never seen. Fitting itself has no chance
in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.report import Bound
from finetune.defaults import fit_head
from finetune.escalation import escalation_scores, fit_escalation, thresholds
from finetune.escalation_rows import RowMaker, Rows
from finetune.examples import representative, sentiment_rows
from finetune.vectors import VectorCache
from rapport.alarm import alarm_for
from rapport.cards import read_card
from rapport.classifiers import Classifier, load_classifier
from rapport.dialogues import Dialogue
from rapport.errors import NotFound, Refused
from rapport.escalation import Ask, Escalation, asking, judge, told
from rapport.heads import Head, load_head
from rapport.models import Encoder
from rapport.paths import Home
from rapport.registry import artifact_folder, current
from rapport.sample.conversations import make_conversations
from rapport.sample.utterances import make_examples
from rapport.signals import fingerprint

SEEDS = (7, 8, 9)
BOUNDS = (Bound(name="recall", least=0.95), Bound(name="precision", least=0.90), Bound(name="ece", most=0.05))
MEASURED = ("recall", "precision", "macro_f1", "ece", "reasons")


def measure(
    encoder: Encoder, *, seeds: Sequence[int] = SEEDS, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Mean scores over the seeds, with the lowest and the highest of each under "spread". progress: seeds done."""
    vectors = VectorCache(encoder)
    ordinary = representative(make_examples(SEEDS[0]))
    sentiment = Classifier(head=fit_head("sentiment", sentiment_rows(ordinary), vectors))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """The escalation head of a home at work on whole conversations. sentiment: what it asks of each message."""

    head: Head
    sentiment: Classifier
    encoder: Encoder

    def rows(self, dialogues: Sequence[Dialogue]) -> Rows:
        """The labelled messages as the head reads them."""
        return RowMaker(VectorCache(self.encoder), self.sentiment).rows(dialogues)

    def measure(self, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
        """How good it is on labelled conversations."""
        rows = self.rows(dialogues)
        return {**escalation_scores(self.head, rows, ask=self._ask(rows)), "model": self.head.name}

    def judge(self, dialogues: Sequence[Dialogue]) -> list[Escalation]:
        """What it says of the messages that bear a label, whatever that label is."""
        rows = self.rows(dialogues)
        output = told(self.head, rows.encoded.vectors, rows.encoded.texts, self._ask(rows))
        return judge(output, rows.said, thresholds())

    def _ask(self, rows: Rows) -> Ask | None:
        alarm = alarm_for(self.head, self.encoder)
        return asking(alarm, rows.encoded.texts, rows.encoded.vectors, self.encoder)


def open_watcher(home: Home, encoder: Encoder, *, name: str | None = None) -> Watcher:
    """name: of the escalation head; by default the one in use.

    Raises NotFound where a model is missing, Refused where the named one is for something else, IndexMismatch where one
    was fitted on something else.
    """
    folders = {}
    for role, chosen in (
        ("sentiment", current(home, "sentiment")),
        ("escalation", name or current(home, "escalation")),
    ):
        if chosen is None:
            raise NotFound(f"no {role} model is in use in {home.root}.", hint="Run: rapport init")
        folders[role] = artifact_folder(home, chosen)
        kind = read_card(folders[role], verify=False).kind
        if kind != role:
            raise Refused(f"'{chosen}' is a model for {kind}, not for {role}.", hint="See: rapport models list")
    head = load_head(folders["escalation"])
    head.check_fits(encoder, fingerprint())
    return Watcher(head=head, sentiment=load_classifier(folders["sentiment"], encoder), encoder=encoder)
