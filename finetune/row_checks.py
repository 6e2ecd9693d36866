"""Whether labelled rows can teach a classifier at all, said before anything is fitted."""

from collections import Counter
from collections.abc import Sequence

from finetune.examples import Labelled
from finetune.plan import Task
from rapport.errors import BadRow
from rapport.heads import OOS, SENTIMENTS


def check_rows(task: Task, train: Sequence[Labelled], dev: Sequence[Labelled] = ()) -> None:
    """Raise BadRow for rows that cannot teach this task. dev: rows to calibrate on, or none where some are held out."""
    sizes = Counter(row.label for row in train)
    labels = [label for label in sizes if label != OOS]
    if task == "sentiment":
        _check_sentiments(set(sizes))
    if len(labels) < 2:
        raise BadRow(
            f"the training rows have {len(labels)} labels; a classifier needs two or more.",
            hint="Give rows of other labels too.",
        )
    if unseen := sorted({row.label for row in dev} - set(sizes) - {OOS}):
        raise BadRow(f"dev rows have labels that no training row has: {', '.join(unseen[:8])}.")
    if dev and not {row.label for row in dev} & set(labels):
        raise BadRow("no dev row has a label of the training rows.", hint="Give a dev set with the same labels.")
    if max(sizes[label] for label in labels) < 2:
        raise BadRow("every label has a single row.", hint="Give at least two rows a label, better ten.")


def _check_sentiments(found: set[str]) -> None:
    if unknown := sorted(found - set(SENTIMENTS)):
        raise BadRow(
            f"'{unknown[0]}' is no sentiment.", hint=f"Label the rows {', '.join(SENTIMENTS)}, in small letters."
        )
    if absent := [name for name in SENTIMENTS if name not in found]:
        raise BadRow(f"no row is labelled {' or '.join(absent)}.", hint="Give rows of all three sentiments.")
