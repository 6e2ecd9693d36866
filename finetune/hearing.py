"""The alarm as an escalation head is fitted, calibrated and scored with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.escalation_rows import Rows
from finetune.vectors import Encoded
from rapport.alarm import FACT, alarm_fingerprint, hints, shipped_alarm
from rapport.classifiers import Classifier, classify
from rapport.dialogues import Dialogue
from rapport.escalation import Ask, asking, heard
from rapport.heads import Head

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder


@dataclass(frozen=True, slots=True)
class Hearing:
    """alarm: None where a head reads none."""

    encoder: "Encoder"
    alarm: Classifier | None

    @property
    def facts(self) -> Mapping[str, str]:
        """What a head says of the alarm that it was calibrated with."""
        return {FACT: alarm_fingerprint()} if self.alarm else {}

    def ask(self, rows: Encoded) -> Ask | None:
        """Asks the alarm about these rows."""
        return asking(self.alarm, rows.texts, rows.vectors, self.encoder)

    def logits(self, head: Head, rows: Encoded) -> "np.ndarray":
        """(n, L) of a head with what the alarm adds."""
        return heard(head, rows.vectors, rows.texts, self.ask(rows))

    def given(self, rows: Rows) -> "np.ndarray | None":
        """(n, L) what the alarm adds to the logits of rows that a head is fitted on; None for nothing.

        Of invented ones nothing: the alarm has learnt from them, so that it knows them better than what it will hear.
        """
        import numpy as np

        own = [row for row, invented in enumerate(rows.invented) if not invented]
        if self.alarm is None or not own:
            return None
        labels = sorted(set(rows.encoded.labels))
        taken = rows.encoded.take(own)
        output = classify(self.alarm, taken.texts, taken.vectors[:, : self.encoder.dim], encoder=self.encoder)
        added = np.zeros((len(rows), len(labels)), dtype=np.float32)
        added[own] = hints(output, labels)
        return added


def hearing_for(dialogues: Sequence[Dialogue], encoder: "Encoder") -> Hearing:
    """With the shipped alarm where the invented conversations are among those to learn from.

    A head of a company's own rows alone draws the line where the company does, and the alarm knows nothing of that.
    """
    return Hearing(encoder, shipped_alarm(encoder) if any(one.invented for one in dialogues) else None)
