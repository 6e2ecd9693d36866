"""What fine-tuning on a company's tickets gains, and what it forgets: tickets of the opticians, on a reply model.

Held out are later tickets of customers never learnt from. Their wordings are the company's, so they occur in training;
what is measured is whether the model takes over a company's words and still names the right fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eval.opticians import make_opticians
from eval.report import Bound
from finetune.causal_plan import CausalPlan
from finetune.reply import PLAN, SHARE, ReplyJob, base_source, old_needed, train_reply
from finetune.reply_data import asked_by, rows_of_tickets
from finetune.reply_examples import Examples
from finetune.tuning import Unwatched, Watch
from rapport.bases import STARTER
from rapport.cards import Card
from rapport.paths import Home
from rapport.replies import ReplySource
from rapport.settings import EncoderSettings

TICKETS = 300
OLD_HELD_OUT = 200
SEEDS = (7, 8, 9)  # of the tickets and of the training
BOUNDS = (
    Bound(name="loss_after_over_before", most=0.8),
    Bound(name="right_slots_gained", least=-0.02),
    Bound(name="old_points_lost", most=2.0),
    Bound(name="seconds", most=300),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Rows of what the model knows already: some to mix in, some never learnt from to measure with."""

    learnt: Sequence[dict[str, Any]]
    held_out: Sequence[dict[str, Any]]


def known_rows(seed: int, count: int) -> Known:
    """The starter's: of the grammar, the held-out ones in phrases that it was never taught."""
    from finetune.starter.grammar import rows

    return Known(learnt=list(rows(seed, count)), held_out=list(rows(seed + 1, OLD_HELD_OUT, held_out=True)))


def measure_tuning(
    home: Home, base: str = STARTER, *, name: str = "opticians", seed: int = 7, plan: CausalPlan = PLAN,
    share: float = SHARE, known: Known | None = None, watch: Watch | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Fine-tune `base` on the opticians' tickets in a home and say what changed. Shares in 0-1; points in percent.

    The model is left in the home under `name`.
    """
    old = known or known_rows(seed, old_needed(plan, share, TICKETS))
    examples = _examples(base_source(home, base), seed)
    job = ReplyJob(
        name=name, base=base, rows=examples.rows, left_out=examples.left_out, old=old.learnt,
        old_held_out=old.held_out, share=share, plan=plan, replace=True,
    )  # fmt: skip
    return figures_of(train_reply(home, job, watch=watch or Unwatched()))


def measure_starter(seeds: Sequence[int] = SEEDS, *, watch: Watch | None = None) -> dict[str, Any]:
    """The same for the starter, in homes that are thrown away: the mean over the seeds.

    One seed holds out some 50 replies, of which each is two points.
    """
    runs = []
    for seed in seeds:
        with TemporaryDirectory(prefix="rapport-tuning-") as folder:
            runs.append(measure_tuning(Home(Path(folder)).create(), seed=seed, watch=watch))
    return mean_of(runs) | {"seeds": list(seeds)}


def mean_of(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each figure over several runs; `seconds`: those of the longest."""
    means = {name: sum(run[name] for run in runs) / len(runs) for name in runs[0]}
    return means | {"seconds": max(run["seconds"] for run in runs)}


def figures_of(card: Card) -> dict[str, Any]:
    """The figures of a card, with those that have bounds."""
    scores, rows = card.scores, card.data["rows"]
    new_before, new_after = scores["new_before"], scores["new_after"]
    figures = {
        "rows": rows["train"],
        "held_out": rows["held_out"],
        "old_rows": rows["old"],
        "loss_before": scores["loss_before"],
        "loss_after": scores["loss_after"],
        "loss_after_over_before": round(scores["loss_after"] / scores["loss_before"], 4),
        "right_slots_before": new_before["right"],
        "right_slots_after": new_after["right"],
        "right_slots_gained": round(new_after["right"] - new_before["right"], 4),
        "seconds": scores["seconds"],
    }
    if "old_before" in scores:
        before, after = scores["old_before"]["right"], scores["old_after"]["right"]
        figures |= {"old_before": before, "old_after": after, "old_points_lost": round(100 * (before - after), 2)}
    return figures


def _examples(source: ReplySource, seed: int) -> Examples:
    from crm.store import Store

    company = make_opticians(seed, TICKETS)
    with (
        TemporaryDirectory(prefix="rapport-opticians-") as folder,
        Store.open(f"sqlite:///{folder}/crm.sqlite3") as store,
    ):
        for records in (company.customers, company.orders, company.tickets):
            store.upsert(records)
        return rows_of_tickets(store, asked_by(source, EncoderSettings()))
