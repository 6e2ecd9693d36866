"""The classifiers that read a message. Plain values; how each is read is not known here."""

from dataclasses import dataclass

from rapport.classifiers import Suite
from rapport.heads import Head


@dataclass(frozen=True, slots=True)
class Heads:
    """One classifier for each role, all on one encoder.

    suite: intent and sentiment, which may have layers of their own. escalation and finished read the same vector
    beside features of the conversation and of the text.
    """

    suite: Suite
    escalation: Head
    finished: Head

    @property
    def knows_trades(self) -> bool:
        """Whether the intent head tells a shop's customers from those of other trades."""
        return self.suite.classifiers["intent"].head.elsewhere is not None
