"""What a training run does, chosen from the number of rows and labels. Plain values; knows nothing of torch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from finetune.examples import Labelled
from rapport.errors import SettingsError

Method = Literal["auto", "head", "lora", "full"]
METHODS: tuple[Method, ...] = ("auto", "head", "lora", "full")
Task = Literal["intent", "sentiment", "escalation"]
FEW = 20  # rows of the middle label up to which contrast between examples teaches more than their labels alone
EPOCHS: dict[Task, int] = {"intent": 6, "sentiment": 3, "escalation": 6}
FEW_EPOCHS = 5  # at most, where there are few rows a label
FEW_RATE, SOUP = 1.25, 4  # runs that go further apart make a better average
STRAY = 3  # different texts from which on a label counts as one
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The settings of one training run; written into the card.

    method: `head` fits a linear head on the frozen encoder (seconds; shares the pass of the search), `full` trains the
    encoder's top layers too, `lora` small low-rank matrices beside them, `auto` is `full` where it beats `head` on dev.
    layers: how many top layers are trained; those below stay shared, and a message passes them once. 0: all, with the
    embeddings. epochs: passes over the rows; None: chosen by `plan_for`.
    learning_rate: its peak; layer_decay: factor on it for each layer further down.
    contrast: weight of the supervised contrastive loss. smoothing: of the labels. average: decay of the running
    average of the weights, which is what is kept. balanced: rare labels count more than their share.
    patience: looks at dev without a better loss before it stops; the weights of the best one are kept. risk: share of
    wrong answers that is accepted among the answered. strange: share of the messages that no label is expected to
    cover, where no row shows any. closed: the labels cover every message, as sentiments do; a `strange` of 0 says the
    same where no row is out of scope. beside: rows out of scope are kept to compare a message with.
    anchor: weight of staying close to the frozen vector. agree: weight of answering alike whichever units are dropped,
    for which each row is read twice. drop: share of tokens hidden in training.
    soup: runs with different seeds whose weights are averaged; adapters have one. Source: Wortsman et al., Model soups,
    ICML 2022.
    """

    method: Method = "auto"
    layers: int = 3
    epochs: int | None = None
    batch: int = 32
    learning_rate: float = 2e-4
    layer_decay: float = 1.0
    warmup: float = 0.1
    smoothing: float = 0.1
    contrast: float = 0.0
    average: float = 0.995
    balanced: bool = False
    dropout: float = 0.1
    rank: int = 16
    patience: int = 1
    max_tokens: int = 64
    risk: float = 0.05
    strange: float = 0.2
    closed: bool = False
    beside: bool = False
    anchor: float = 0.0
    agree: float = 0.0
    drop: float = 0.0
    soup: int = 1
    seed: int = SEED

    def __post_init__(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "layers": (0, 48),
            "epochs": (1, 200),
            "batch": (1, 4096),
            "learning_rate": (1e-7, 1.0),
            "rank": (1, 256),
            "patience": (1, 200),
            "max_tokens": (8, 512),
            "risk": (0.001, 0.5),
            "strange": (0.0, 0.9),
        }
        if self.method not in METHODS:
            raise SettingsError(f"--method {self.method} is not known.", hint=f"Give one of: {', '.join(METHODS)}.")
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                option = name.replace("_", "-")
                raise SettingsError(
                    f"--{option} {value} is out of range.", hint=f"Give a value from {low:g} to {high:g}."
                )

    @property
    def rounds(self) -> int:
        """The epochs of a training: those given or chosen, or as many as for intents."""
        return EPOCHS["intent"] if self.epochs is None else self.epochs

    def as_card(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)


def middle_size(rows: Sequence[Labelled]) -> float:
    """How many different texts the middle label has; 0 for no rows.

    Labels with one or two texts count only where all are such: stray labels are many in real tickets and few in rows.
    """
    distinct = {(row.text.casefold(), row.label) for row in rows}
    sizes = Counter(label for _, label in distinct).values()
    return median([size for size in sizes if size >= STRAY] or sizes) if rows else 0


def plan_for(task: Task, rows: Sequence[Labelled], plan: TrainingPlan) -> TrainingPlan:
    """The plan with what depends on task and rows filled in; epochs that were given stay as they are.

    A few rows a label are trained by contrast, for fewer epochs and several times, which averages their luck away.
    """
    if not 0 < middle_size(rows) <= FEW:
        return replace(plan, epochs=plan.epochs or EPOCHS[task])
    return replace(plan, epochs=plan.epochs or min(EPOCHS[task], FEW_EPOCHS), contrast=1.0, anchor=1.0, drop=0.1,
                   smoothing=0.0, average=0.97, learning_rate=plan.learning_rate * FEW_RATE,
                   soup=1 if plan.method == "lora" else SOUP)  # fmt: skip
