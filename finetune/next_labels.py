"""Which tickets to label next, with what the intent model in use makes of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.openings import Opening, openings
from finetune.picking import pick, uncertainty
from rapport.classifiers import Classifier, Suite
from rapport.errors import UserError

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.models import Encoder

POOL = 10_000  # messages compared; more would only take longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A ticket worth labelling. intent, confidence, in_scope and others are the model's reading; None without one."""

    ticket: str
    text: str
    intent: str | None = None
    confidence: float | None = None
    in_scope: float | None = None
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tickets picked, the most useful first; unlabelled: how many have no intent; compared: from how many."""

    tickets: tuple[Candidate, ...]
    unlabelled: int
    compared: int


def next_labels(
    store: "Store", *, encoder: "Encoder", classifier: Classifier | None, count: int, seed: int = 0
) -> Candidates:
    """The unlabelled tickets that teach most. classifier: the intent model in use, or None to pick what is typical.

    Of equal first messages one is shown. Above 10,000 messages a random sample is compared.
    Raises UserError where every ticket has an intent, IndexMismatch where classifier and encoder do not fit.
    """
    import numpy as np

    suite = Suite(encoder, {"intent": classifier} if classifier else {})
    bare = [one for one in openings(store) if not one.label]
    if not bare:
        raise UserError(
            "no ticket with a customer's message is without an intent.", hint="Import tickets: rapport import tickets"
        )
    different = list({one.text: one for one in reversed(bare)}.values())[::-1]
    if len(different) > POOL:
        chosen = np.random.default_rng(seed).choice(len(different), POOL, replace=False)
        different = [different[place] for place in np.sort(chosen)]
    read = suite.read([one.text for one in different])
    if classifier is None:
        rows = pick(read.vectors, count, seed=seed)
        return Candidates(tuple(_bare(different[row]) for row in rows), len(bare), len(different))
    output = read.outputs["intent"]
    picked = []
    for row in pick(read.vectors, count, unsure=uncertainty(output), seed=seed):
        (intent, confidence), *others = output.ranked(row)
        picked.append(
            Candidate(
                ticket=different[row].id,
                text=different[row].text,
                intent=intent,
                confidence=confidence,
                in_scope=float(output.in_scope[row]),
                others=tuple(others),
            )
        )
    return Candidates(tuple(picked), len(bare), len(different))


def _bare(one: Opening) -> Candidate:
    return Candidate(ticket=one.id, text=one.text)
