"""How fast the parts are, each against a yardstick measured in the same run on the same machine.

A ratio survives a change of machine; a time does not. Everything runs in temporary homes.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eval.homes import Lab, add_sample, finish, laboratory
from eval.report import Bound, Spread, spread
from eval.speed_import import measure_import
from rapport.types import Identity, Viewer

if TYPE_CHECKING:
    from agent.turn import Agent
    from rapport.sample import SampleCompany

BOUNDS = (
    Bound(name="turn_over_encode", most=3.0),
    Bound(name="search_over_faiss", most=1.5),
    Bound(name="import_rows_per_s", least=2000),
    Bound(name="import_peak_mb", most=1500),
)
WARM_UP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to measure. texts: messages per repetition; rows: records imported."""

    texts: int
    repetitions: int
    rows: int


FULL = Effort(texts=60, repetitions=7, rows=200_000)
QUICK = Effort(texts=20, repetitions=3, rows=20_000)


@dataclass(frozen=True, slots=True)
class Asked:
    """One message of the benchmark and who sends it."""

    text: str
    viewer: Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSpeed:
    """Whole turns against bare encodings. Times in milliseconds; ratio: medians of the repetitions."""

    ratio: Spread
    turn_ms: Spread
    encode_ms: Spread
    check_ms: Spread
    stages_ms: dict[str, float]


def measure(
    effort: Effort, *, progress: Callable[[str], None] = lambda _: None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure everything. Returns the figures of the stable format, and the details behind them."""
    from eval.retrieval_speed import search_over_faiss

    progress("turns")
    turns = measure_turns(effort)
    progress("search")
    search = search_over_faiss()
    progress("import")
    imported = measure_import(effort.rows)
    figures = {
        "turn_over_encode": turns.ratio.median,
        "search_over_faiss": search,
        "import_rows_per_s": imported.rows_per_s,
        "import_peak_mb": imported.peak_mb,
        "check_ms_p50": turns.check_ms.median,
        "generate_over_bare": None,  # no reply model of our own yet; the composer generates nothing
    }
    return figures, {"turns": asdict(turns), "import": asdict(imported)}


def measure_turns(effort: Effort) -> TurnSpeed:
    """Set up the sample company and time whole turns with the composer against the encoder alone."""
    from rapport.sample import build_sample

    company = build_sample()
    with laboratory() as lab:
        add_sample(lab, company)
        finish(lab, company)
        return _time_turns(lab, lab.agent(), messages_of(company, effort.texts), effort.repetitions)


def messages_of(company: "SampleCompany", count: int) -> list[Asked]:
    """Half questions that articles answer, from anyone; half about an order, from its verified owner."""
    questions = [Asked(question.text, Viewer()) for question in company.questions if question.article]
    orders = [
        Asked(f"Where is my order {order.number}?", Viewer(order.customer_id, Identity.VERIFIED))
        for order in company.orders
    ]
    half = count // 2
    return [*questions[:half], *orders[: count - half]]


def _time_turns(lab: Lab, agent: "Agent", messages: Sequence[Asked], repetitions: int) -> TurnSpeed:
    for asked in messages[:WARM_UP]:
        agent.ask(asked.text, viewer=asked.viewer, channel="eval")
        lab.encoder.encode([asked.text])
    ratios: list[float] = []
    turn_ms: list[float] = []
    encode_ms: list[float] = []
    stages: dict[str, list[float]] = {}
    for repetition in range(repetitions):
        turns, encodes = [], []
        for index, asked in enumerate(messages):
            # Either goes first equally often, so that neither profits from caches that the other warmed.
            for part in ("turn", "encode") if (index + repetition) % 2 else ("encode", "turn"):
                started = time.perf_counter()
                if part == "turn":
                    turn = agent.ask(asked.text, viewer=asked.viewer, channel="eval")
                    turns.append((time.perf_counter() - started) * 1000)
                    for stage, milliseconds in turn.ms.items():
                        stages.setdefault(stage, []).append(milliseconds)
                else:
                    lab.encoder.encode([asked.text])
                    encodes.append((time.perf_counter() - started) * 1000)
        ratios.append(spread(turns).median / spread(encodes).median)
        turn_ms += turns
        encode_ms += encodes
    return TurnSpeed(
        ratio=spread(ratios),
        turn_ms=spread(turn_ms),
        encode_ms=spread(encode_ms),
        check_ms=spread(stages["check"]),
        stages_ms={stage: spread(values).median for stage, values in stages.items()},
    )
