"""What a message's own words say of escalation: a shipped classifier with top layers of its own on the shared encoder.

An escalation head reads it beside the vector, the words and the features of the conversation. It costs three layers, so
only messages that the head itself is in doubt about are read by it. `python -m finetune.alarm` makes it anew.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.bases import weights_of
from rapport.cards import made_with, read_card
from rapport.classifiers import Classifier, load_classifier
from rapport.errors import IndexMismatch
from rapport.heads import HeadOutput, base_name

if TYPE_CHECKING:
    import numpy as np

    from rapport.heads import Head
    from rapport.models import Encoder

FOLDER = Path(__file__).with_name("alarm")
FACT = "alarm"  # in a head's facts: the fingerprint of the alarm that it was calibrated with
DOUBT = 0.08  # probability of a level above "answer" from which the head is in doubt; up to this nothing is lost on dev
BLEND = 0.8  # what the alarm counts beside the head, chosen on dev; 0.65 to 1.0 differ little
BY_CONVERSATION = frozenset({"repeated"})  # reasons that stand in what was said before, if not in the words
LEAST = 1e-6  # of a probability, so that its logarithm is finite


def alarm_fingerprint() -> str:
    """Of the shipped alarm's weights."""
    return weights_of(read_card(FOLDER, verify=False))


def shipped_alarm(encoder: "Encoder") -> Classifier | None:
    """The shipped alarm, or None for an encoder that it was not made with."""
    return load_classifier(FOLDER, encoder) if made_with(FOLDER, base_name(encoder)) else None


def alarm_for(head: "Head", encoder: "Encoder") -> Classifier | None:
    """The alarm that a head was calibrated with; None for one that reads none.

    Raises IndexMismatch where another one is shipped now.
    """
    wanted = head.facts.get(FACT)
    if wanted is None:
        return None
    found = shipped_alarm(encoder)
    if found is None or alarm_fingerprint() != wanted:
        raise IndexMismatch(
            f"head '{head.name}' was fitted beside other layers than those of this version.",
            hint="Fit it again, as it was made; rapport init makes those that a home starts with.",
        )
    return found


def doubtful(shares: "np.ndarray", labels: Sequence[str]) -> list[int]:
    """The rows of (n, L) probabilities that the alarm is asked about."""
    answered = shares[:, labels.index("answer")] if "answer" in labels else 0.0 * shares[:, 0]
    return [row for row, share in enumerate(answered.tolist()) if 1.0 - share >= DOUBT]


def hints(output: HeadOutput, labels: Sequence[str]) -> "np.ndarray":
    """(n, L) what the alarm adds to the logits of a head's labels.

    A label that the alarm does not have, such as "escalate" without a reason, gets what its level has. Such a label and
    one of `BY_CONVERSATION` get as much as "answer" at least: words that say nothing of it are no sign against it, and
    of the line that a company draws for itself the alarm knows nothing.
    """
    import numpy as np

    shares = [_share_of(label, output) for label in labels]
    added: np.ndarray = BLEND * np.log(np.maximum(np.stack(shares, axis=1), LEAST))
    return added


def _share_of(label: str, output: HeadOutput) -> "np.ndarray":
    """(n,) probabilities."""
    import numpy as np

    level, _, reason = label.partition(" ")
    meant = [one == label for one in output.labels]
    unknown = not any(meant)
    if unknown:
        meant = [one.partition(" ")[0] == level for one in output.labels]
    share: np.ndarray = output.probabilities[:, meant].sum(axis=1)
    if (unknown or reason in BY_CONVERSATION) and "answer" in output.labels:
        share = np.maximum(share, output.probabilities[:, output.labels.index("answer")])
    return share
