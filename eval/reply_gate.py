"""Compare two reply models on held-out rows, and keep what the gate said in the home's runs."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.gate import GatePlan, Judgement, judge
from eval.reply_scores import Case, Write, cases_of, score, writer_of
from finetune.reply_data import asked_by
from finetune.reply_examples import examples_of
from finetune.reply_splits import distinct, split_rows
from rapport.cards import read_card
from rapport.errors import NotFound
from rapport.paths import Home
from rapport.registry import artifact_folder
from rapport.replies import source_of

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.settings import EncoderSettings

GATE_FILE = "gate.json"
SEED = 7  # of the split, where a card names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A case where a figure fell: what the customer wrote, what people sent, what each model wrote."""

    case: str
    figures: tuple[str, ...]
    asked: str
    sent: str
    candidate: str
    in_use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two reply models on the same cases. candidate, in_use: their names."""

    candidate: str
    in_use: str
    rows: int
    judgement: Judgement
    examples: tuple[Example, ...]


def compare(
    home: Home, candidate: str, in_use: str, rows: Sequence[Mapping[str, Any]], *, plan: GatePlan,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Comparison:  # fmt: skip
    """Let both models answer and judge the candidate. progress: is told the cases done, of all.

    Raises NotFound where there are no rows, and what loading a model raises.
    """
    if not rows:
        raise NotFound("there are no held-out conversations to compare on.", hint="Give them with --data ROWS.jsonl")
    cases = drawn(cases_of(rows), plan)
    writers = [writer_of(source_of(home, name)) for name in (candidate, in_use)]
    judgement, texts = run(cases, writers[0], writers[1], plan=plan, progress=progress)
    examples = _examples(cases, judgement, texts)
    return Comparison(candidate=candidate, in_use=in_use, rows=len(rows), judgement=judgement, examples=examples)


def held_out_rows(
    home: Home, store: "Store", candidate: str, *, encoder: "EncoderSettings"
) -> tuple[Mapping[str, Any], ...]:
    """The rows of the home's tickets that a training on them holds out: the latest ones, of other customers.

    They are made and dealt as they are for a training of the candidate: by the topics that it is told when it serves,
    and by the seed of the training on tickets that it comes from.
    """
    seed = _seed_of(home, candidate)
    rows, _ = distinct(examples_of(store, asked=asked_by(source_of(home, candidate), encoder)).rows)
    return split_rows(rows, seed=seed).held_out if rows else ()


def _seed_of(home: Home, name: str) -> int:
    """The seed by which the tickets were dealt that a model, or the one that it began with, was trained on."""
    plan = read_card(artifact_folder(home, name), verify=False).plan
    while plan.get("method") == "dpo" and (home.models / plan["began_with"]).is_dir():
        plan = read_card(artifact_folder(home, plan["began_with"]), verify=False).plan
    return int(plan.get("seed", SEED))


def drawn(cases: Sequence[Case], plan: GatePlan) -> list[Case]:
    """All cases, or as many as the plan allows, drawn by its seed and in their order."""
    if len(cases) <= plan.most:
        return list(cases)
    places = sorted(random.Random(plan.seed).sample(range(len(cases)), plan.most))
    return [cases[place] for place in places]


def run(
    cases: Sequence[Case], candidate: Write, in_use: Write, *, plan: GatePlan,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[Judgement, dict[str, tuple[str, str]]]:  # fmt: skip
    """Score both on every case and judge. They answer in turn, each first as often, so that a busy machine is fair.

    Returns the judgement and the replies by case: the candidate's and that of the model in use.
    """
    news, olds, texts = [], [], {}
    for number, case in enumerate(cases):
        order = (candidate, in_use) if number % 2 == 0 else (in_use, candidate)
        written = {write: write(case) for write in order}
        new, old = written[candidate], written[in_use]
        news.append(score(case, new))
        olds.append(score(case, old))
        texts[case.id] = (new.text, old.text)
        progress(number + 1, len(cases))
    return judge(news, olds, plan), texts


def _examples(cases: Sequence[Case], judgement: Judgement, texts: Mapping[str, tuple[str, str]]) -> tuple[Example, ...]:
    shown: dict[str, list[str]] = {}
    for figure in (*judgement.fallen, *judgement.unclear):
        for case in figure.examples:
            shown.setdefault(case, []).append(figure.name)
    known = {case.id: case for case in cases}
    return tuple(
        Example(
            case=id, figures=tuple(figures), asked=_last_asked(known[id]), sent=known[id].sent,
            candidate=texts[id][0], in_use=texts[id][1],
        )
        for id, figures in shown.items()
    )  # fmt: skip


def _last_asked(case: Case) -> str:
    return next((text for role, text in reversed(case.before) if role == "user"), "")


def keep(home: Home, name: str, in_use: str | None, *, judgement: Judgement | None, used: bool) -> Path:
    """Write what the gate said, and whether the model was put to use, to the home's runs. Returns the file.

    judgement: None where the model was put to use without the gate. Figures and case numbers alone, no texts.
    """
    now = datetime.now(UTC)
    folder = home.runs / f"{now:%Y%m%dT%H%M%S.%fZ}-gate-{name}"
    folder.mkdir(parents=True)
    said = {
        "candidate": name,
        "in_use": in_use,
        "at": now.isoformat(timespec="seconds"),
        "gate": "not asked" if judgement is None else "passed" if judgement.passed else "refused",
        "put_to_use": used,
        "judgement": None if judgement is None else judgement.as_json(),
    }
    path = folder / GATE_FILE
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(said, indent=2, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)
    return path
