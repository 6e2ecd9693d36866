"""What speaks for a product: each signal gives every customer and product a number, 0 where it knows nothing.

A signal is fitted on all baskets and then read for some customers, who need not be those that it was fitted on. Its
state is a mapping of arrays. How much a signal counts is decided in `profiles.recommend_weights`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from profiles import neighbours
from profiles.recommend_baskets import FOREVER, Baskets
from profiles.sequence_items import SequencePlan

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

YEAR = 365
SEASON_BEFORE, SEASON_AFTER = 15, 75  # days around this day of last year that its season spans
SAMPLE = 500  # customers whose numbers set a signal's scale

State = Mapping[str, Any]  # arrays, sparse matrices and the net


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendPlan:
    """What a recommender reads and how its weights are found.

    timed: the days are days of the calendar; without it they only put purchases in order, and there is neither season
    nor a popularity of late. own, lately, history, customers, popular: half-lives in days (of order, where not timed).
    steps: baskets after one another that still belong together. sequence: the plan of the net, or None for no net.
    hold_out: what the weights are tried on, each customer's next basket after an earlier day or their last product.
    dev_days: how long a next basket is waited for, and the distance of the `dev_cuts` earlier days.
    dev_customers: at most so many for each try. repeats: whether what a customer has is recommended again; None: where
    more than one in a hundred held-out products was a repetition.
    """

    timed: bool = True
    own: float = 240.0
    lately: float = 60.0
    history: float = 90.0
    alike: float = 240.0
    popular: float = 20.0
    steps: int = 1
    sequence: SequencePlan | None = field(default_factory=SequencePlan)
    hold_out: str = "next_basket"
    dev_days: int = 90
    dev_cuts: int = 2
    dev_customers: int = 1000
    repeats: bool | None = None
    seed: int = 7

    def as_card(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)


ORDER_ONLY = RecommendPlan(
    timed=False, own=FOREVER, lately=3.0, history=4.0, alike=20.0, popular=FOREVER, steps=3, hold_out="last"
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One source of numbers. words: the reason as it is told. read: (state, baskets, plan) to (C, P), sparse or dense.

    fit: (baskets, plan) to the state; a state that lacks what it needs (no season yet, no texts) is empty.
    """

    name: str
    words: str
    fit: Callable[[Baskets, RecommendPlan], State]
    read: Callable[[State, Baskets, RecommendPlan], Any]


def _nothing(baskets: Baskets, plan: RecommendPlan) -> State:
    return {"needs": np.zeros(0, np.float32)}


def _own(state: State, baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    return baskets.shares(plan.own)


def _lately(state: State, baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    return baskets.shares(plan.lately)


def _in_season(baskets: Baskets) -> np.ndarray:
    ago = baskets.day - (baskets.as_of - YEAR)
    inside: np.ndarray = (ago >= -SEASON_BEFORE) & (ago < SEASON_AFTER)
    return inside


def _timed_only(baskets: Baskets, plan: RecommendPlan) -> State:
    return _nothing(baskets, plan) if plan.timed and _in_season(baskets).any() else {}


def _own_season(state: State, baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    season = baskets.matrix(_in_season(baskets).astype(np.float32))
    season.eliminate_zeros()
    return season


def _popular(baskets: Baskets, plan: RecommendPlan) -> State:
    ages = baskets.as_of - baskets.day
    weights = np.ones(len(baskets)) if not plan.timed else 0.5 ** (ages / plan.popular)
    return {"counts": _shares(np.bincount(baskets.product, weights, len(baskets.products)))}


def _season(baskets: Baskets, plan: RecommendPlan) -> State:
    inside = _in_season(baskets)
    if not plan.timed or not inside.any():
        return {}
    return {"counts": _shares(np.bincount(baskets.product[inside], minlength=len(baskets.products)))}


def _shares(counts: np.ndarray) -> np.ndarray:
    shares: np.ndarray = (counts / max(1e-12, counts.sum())).astype(np.float32)
    return shares


def _for_everybody(state: State, baskets: Baskets, plan: RecommendPlan) -> np.ndarray:
    spread: np.ndarray = np.broadcast_to(state["counts"], (len(baskets.customers), len(baskets.products)))
    return spread


def _alike(baskets: Baskets, plan: RecommendPlan) -> State:
    rare = neighbours.rareness(baskets.matrix())
    return {
        "rare": rare,
        "tastes": neighbours.tastes(baskets, plan.alike, rare).T.tocsr(),
        "bought": baskets.matrix(baskets.faded(plan.alike)).minimum(1.0),
        "customers": baskets.customers,
    }


def _by_alike(state: State, baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    taste = neighbours.tastes(baskets, plan.alike, state["rare"])
    near = neighbours.alike_customers(taste, state["tastes"], baskets.customers, state["customers"])
    return (near @ state["bought"]).tocsr()


def _together(baskets: Baskets, plan: RecommendPlan) -> State:
    return {"company": neighbours.together(baskets.matrix())}


def history(baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    """(C, P) what a customer bought, faded, rows summing to 1: what the signals of alike products start from."""
    bought = baskets.matrix(baskets.faded(plan.history))
    return neighbours.scaled_rows(bought, neighbours.row_totals(bought, bought.data))


def _by_company(state: State, baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    return (history(baskets, plan) @ state["company"]).tocsr()


def _following(baskets: Baskets, plan: RecommendPlan) -> State:
    return {"next": neighbours.following(baskets, steps=plan.steps)}


def _by_following(state: State, baskets: Baskets, plan: RecommendPlan) -> "csr_matrix":
    return (neighbours.last_baskets(baskets, steps=plan.steps) @ state["next"]).tocsr()


def _by_content(state: State, baskets: Baskets, plan: RecommendPlan) -> np.ndarray:
    near: np.ndarray = (history(baskets, plan) @ state["vectors"]) @ state["vectors"].T
    above: np.ndarray = np.maximum(near, 0.0)
    return above


def _by_sequence(state: State, baskets: Baskets, plan: RecommendPlan) -> np.ndarray:
    from profiles.sequence_items import next_chances

    net = state["net"]
    return next_chances(net, baskets.histories(net.plan.longest))


SIGNALS: Sequence[Signal] = (
    Signal("own", "bought often before", _nothing, _own),
    Signal("lately", "bought lately", _nothing, _lately),
    Signal("own_season", "bought at this time of last year", _timed_only, _own_season),
    Signal("popular", "popular now", _popular, _for_everybody),
    Signal("season", "popular at this time of last year", _season, _for_everybody),
    Signal("alike", "bought by customers who buy alike", _alike, _by_alike),
    Signal("together", "bought by others who bought {product}", _together, _by_company),
    Signal("following", "often bought after {product}", _following, _by_following),
    Signal("content", "described like {product}", lambda baskets, plan: {}, _by_content),
    Signal("sequence", "next in the order of what was bought", lambda baskets, plan: {}, _by_sequence),
)
BY_NAME = {signal.name: signal for signal in SIGNALS}
WORDS: Mapping[str, str] = {
    **{signal.name: signal.words for signal in SIGNALS},
    "basket": "often in one basket with {product}",
}


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The signals that have something to say, fitted. floors: the number of each that counts as a little."""

    plan: RecommendPlan
    states: Mapping[str, State]
    floors: Mapping[str, float]

    def values(self, name: str, baskets: Baskets) -> np.ndarray:
        """(C, P) float32, log(1 + number / floor): 0 where the signal says nothing, then ever slower upwards."""
        found = BY_NAME[name].read(self.states[name], baskets, self.plan)
        if isinstance(found, np.ndarray):
            dense: np.ndarray = np.log1p(found / self.floors[name]).astype(np.float32)
            return dense
        found = found.astype(np.float32, copy=False)
        found.data = np.log1p(found.data / self.floors[name])
        return np.asarray(found.toarray())


def fit_signals(baskets: Baskets, plan: RecommendPlan, extra: Mapping[str, State], *,
                only: Collection[str] = tuple(BY_NAME)) -> Fitted:  # fmt: skip
    """Fit these signals on the baskets. extra: states made elsewhere, of the texts and of the net."""
    states: dict[str, State] = {}
    for signal in (BY_NAME[name] for name in BY_NAME if name in only):
        state = extra.get(signal.name) or signal.fit(baskets, plan)
        if state:
            states[signal.name] = state
    random = np.random.default_rng(plan.seed)
    filled = np.unique(baskets.customer)
    some = baskets.of(np.sort(random.choice(filled, min(SAMPLE, len(filled)), replace=False)))
    return Fitted(plan, states, {name: _floor(BY_NAME[name].read(state, some, plan)) for name, state in states.items()})


def _floor(found: Any) -> float:
    """The median of the numbers above 0; 1 where there are none."""
    numbers = found.ravel() if isinstance(found, np.ndarray) else found.data
    above = numbers[numbers > 0]
    return float(np.median(above)) if len(above) else 1.0
