"""The classifiers that read a message, one for each question."""

from dataclasses import dataclass

from rapport.heads import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What is wanted, in which mood, whether it needs a person, and whether it is all that the customer has to say."""

    intent: Head
    sentiment: Head
    escalation: Head
    finished: Head
