"""How fast the parts are, each against a yardstick measured in the same run on the same machine.

A ratio survives a change of machine; a time does not. Everything runs in temporary homes.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from eval.homes import Lab, add_sample, finish, laboratory
from eval.report import Bound, Spread, spread
from eval.speed_chat import measure_chat
from eval.speed_heads import HeadSpeed, heads_in_use, labelled_messages, measure_heads
from eval.speed_import import measure_import
from eval.speed_training import finetune_over_bare
from rapport.errors import NotFound
from rapport.paths import Home
from rapport.settings import AgentSettings, Settings
from rapport.types import Identity, Viewer

if TYPE_CHECKING:
    from agent.heads import Heads
    from agent.turn import Agent
    from rapport.sample import SampleCompany

BOUNDS = (
    Bound(name="turn_over_encode", most=3.0),
    Bound(name="heads_over_encode", most=1.5),
    Bound(name="batch_over_encode", least=0.8),
    Bound(name="search_over_faiss", most=1.5),
    Bound(name="import_rows_per_s", least=2000),
    Bound(name="import_peak_mb", most=1500),
    Bound(name="check_ms_p50", most=10),
    Bound(name="generate_over_bare", least=0.9),
    Bound(name="eight_over_one", least=3.0),
    Bound(name="finetune_over_bare", least=0.9),
)
WARM_UP = 5
# What a language model writes is timed by itself: `rapport eval replies` prints its milliseconds.
COMPOSED = Settings(agent=AgentSettings(chat_model="composer"))
BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to measure. texts: messages per repetition; batches: of messages; rows: records imported.

    replies: generated each way, one after the other; examples: for fine-tuning.
    """

    texts: int
    repetitions: int
    batches: int
    rows: int
    replies: int = 15
    examples: int = 300


FULL = Effort(texts=60, repetitions=7, batches=15, rows=200_000)
QUICK = Effort(texts=20, repetitions=3, batches=5, rows=20_000, replies=5, examples=60)


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
    effort: Effort, home: Home | None = None, *, progress: Callable[[str], None] = lambda _: None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure everything. Returns the figures of the stable format, and the details behind them.

    home: whose classifiers are timed, where it has them; those that `rapport init` fits otherwise.
    """
    from eval.retrieval_speed import search_over_faiss
    from rapport.sample import build_sample

    own = heads_in_use(home) if home else None  # first: a home that cannot be read should not cost a minute
    company = build_sample()
    with laboratory(COMPOSED) as lab:
        progress("turns")
        add_sample(lab, company)
        finish(lab, company)
        turns = _time_turns(lab, lab.agent(), messages_of(company, effort.texts), effort.repetitions)
        progress("classifiers")
        shared, layered = measure_classifiers(lab.home, own, labelled_messages(company), effort)
    progress("search")
    search = search_over_faiss()
    progress("import")
    imported = measure_import(effort.rows)
    progress("language models")
    chat = measure_chat(repetitions=effort.replies)
    trained = finetune_over_bare(examples=effort.examples)
    figures = {
        "turn_over_encode": turns.ratio.median,
        **_figures(shared, layered),
        "search_over_faiss": search,
        "import_rows_per_s": imported.rows_per_s,
        "import_peak_mb": imported.peak_mb,
        "check_ms_p50": turns.check_ms.median,
        "generate_over_bare": chat.over_bare.median,
        "eight_over_one": chat.eight_over_one.median,
        "finetune_over_bare": trained.ratio.median,
    }
    heads = {"classifiers": asdict(shared), "classifiers_with_layers": asdict(layered) if layered else None}
    parts: dict[str, Any] = {"turns": turns, "import": imported, "chat": chat, "training": trained}
    return figures, {**{name: asdict(part) for name, part in parts.items()}, **heads}


def measure_classifiers(
    default: Home, own: "tuple[Heads, dict[str, str]] | None", messages: Sequence[str], effort: Effort
) -> tuple[HeadSpeed, HeadSpeed | None]:
    """The speed of classifiers that share the encoder's pass, and of a home's own where some have layers of theirs.

    default: a home with the heads of `rapport init`, timed where its own do not share the pass or are not there.
    own: what `heads_in_use` found in the home.
    """
    layered = own if own and own[0].suite.layered else None
    shared = own if own and not layered else heads_in_use(default)
    if shared is None:
        raise NotFound(f"{default.root} does not have every classifier.", hint="Run: rapport init")
    dealt = deal(messages, effort)
    return measure_heads(*shared, *dealt), measure_heads(*layered, *dealt) if layered else None


def deal(messages: Sequence[str], effort: Effort) -> tuple[list[list[str]], list[list[str]]]:
    """Messages to read one by one, for each repetition, and batches with one more to warm up; each message once."""
    left = iter(messages)
    singles = [list(islice(left, effort.texts)) for _ in range(effort.repetitions)]
    return singles, [list(islice(left, BATCH)) for _ in range(effort.batches + 1)]


def _figures(shared: HeadSpeed, layered: HeadSpeed | None) -> dict[str, float | None]:
    return {
        "heads_over_encode": shared.over_encode.median,
        "batch_over_encode": shared.batch_over_encode.median,
        # without a bound: layers of their own are work beyond the shared pass, which training weighed against accuracy
        "layers_over_encode": layered.over_encode.median if layered else None,
        "encode_ms_p50": shared.encode_ms.median,
        "heads_ms_p50": shared.heads_ms.median,
        "encode_batch_per_s": shared.encode_batch_per_s.median,
        "heads_batch_per_s": shared.batch_per_s.median,
    }


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
