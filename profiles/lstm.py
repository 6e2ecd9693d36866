"""Predict what each customer buys next: nets over their events, trees, curves, standings and BG/NBD in one model.

`fit_purchases` learns from windows of the past; `PurchaseModel.predict` stands at a cutoff and reads nothing of that
day or later. What nets and trees correct in the probability models' expectation is learnt for one horizon; the models
carry it to any other.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from profiles.blend import Trees, averaged, forecast, grow_trees, odds_of_any, odds_shift
from profiles.curves import Curves, fit_curves
from profiles.demand import Demand, demand_at
from profiles.lstm_net import ANY, COUNT, DAYS, MONEY, NetShape, build_net
from profiles.lstm_together import Together
from profiles.lstm_train import rows_of, run_nets, train_net
from profiles.occasions import Occasions, occasions_of
from profiles.purchase_plan import PurchasePlan, past_windows
from profiles.sequences import Scaling, bases, event_numbers, horizon_shift, sequences_of, spread_features
from profiles.standings import Standings, fit_standings
from profiles.transactions import Transactions
from profiles.value import BuyingRate, Spending, fit_rate, fit_spending
from profiles.windows import Reference, Window, histories_at, outcome_of, steady_features, window_at
from rapport.errors import CorruptArtifact, DataError

if TYPE_CHECKING:
    import numpy as np

MODEL_FILE = "purchases.json"
LONGEST_WAIT = 3650.0  # days; later than that is never
Event = tuple[str, float, str]  # customer id, day, kind


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Predictions for n customers. Where a customer had bought nothing before the cutoff, nothing is known: nan.

    chance: (n,) of any purchase in the horizon. count: (n,) how many purchases in it to forecast. expected: (n,) their
    mean. days: (n,) the median time to the next purchase, at most ten years. value: (n,) money to expect in the
    horizon, 0 where no amounts are known.
    kinds: (n, K) chance of an event of each kind in the model's own horizon, for the kinds that `PurchaseModel.kinds`
    names.
    """

    chance: "np.ndarray"
    count: "np.ndarray"
    expected: "np.ndarray"
    days: "np.ndarray"
    value: "np.ndarray"
    kinds: "np.ndarray"


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseModel:
    """A trained model. horizon: days of its windows. kept: (FEATURES,) those it reads. events, features: scalings.
    demand, standings: as of the end of training.
    odds: what the log odds of all together lack, see `blend.odds_shift`. together, steadiness: of the nets.
    """

    plan: PurchasePlan
    horizon: float
    kinds: tuple[str, ...]
    reference: Reference
    kept: "np.ndarray"
    shape: NetShape
    events: Scaling
    features: Scaling
    nets: tuple[Any, ...]
    curves: Curves
    standings: Standings
    trees: Trees | None
    odds: float
    demand: Demand
    together: Together = field(init=False, repr=False)
    steadiness: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shapes = [math.exp(float(net.steadiness.detach().clamp(-1.5, 1.0))) for net in self.nets]
        object.__setattr__(self, "together", Together.of(self.nets, self.shape))
        object.__setattr__(self, "steadiness", fmean(shapes))

    def predict(
        self, transactions: Transactions, *, cutoff: float, horizon: float, events: Iterable[Event] = ()
    ) -> Purchases:
        """What each of `transactions.customers` does in the `horizon` days from `cutoff` on."""
        return self.predict_each(transactions, cutoff=cutoff, horizons=(horizon,), events=events)[0]

    def predict_each(
        self, transactions: Transactions, *, cutoff: float, horizons: Sequence[float], events: Iterable[Event] = ()
    ) -> list[Purchases]:
        """The same for each of several horizons; the nets are run once."""
        import numpy as np

        window, said, _ = self._run(transactions, cutoff, events)
        odds, count = averaged(self._opinions(window, said))
        days = np.exp(np.minimum(said[:, DAYS] + math.log(math.log(2)) / self.steadiness, math.log(LONGEST_WAIT)))
        money = np.exp(said[:, MONEY]) if self.reference.spending else np.zeros(len(count))
        kinds = 1 / (1 + np.exp(-said[:, 4:]))
        each = []
        for horizon in horizons:
            there, number = self._carried(window, horizon, odds, count)
            chance = 1 / (1 + np.exp(-there - self.odds))
            mean = np.exp(number)
            found = (chance, forecast(mean), mean, days, mean * money, kinds)
            each.append(Purchases(*(self._placed(transactions, window, values) for values in found)))
        return each

    def opinions(
        self, transactions: Transactions, *, cutoff: float, horizon: float
    ) -> "dict[str, tuple[np.ndarray, np.ndarray]]":
        """What each part says by itself of the customers known at the cutoff, see `opinions_of`, and the standings."""
        window, said, _ = self._run(transactions, cutoff, ())
        found = self._opinions(window, said).items()
        return {name: self._carried(window, horizon, odds, count) for name, (odds, count) in found}

    def embed(self, transactions: Transactions, *, cutoff: float, events: Iterable[Event] = ()) -> "np.ndarray":
        """(n, hidden x nets) what the nets remember of each customer at the cutoff; nan where nothing was bought."""
        window, _, states = self._run(transactions, cutoff, events)
        return self._placed(transactions, window, states)

    def save(self, folder: Path) -> None:
        """Write the model into a folder: JSON, safetensors and LightGBM's text."""
        from safetensors.torch import save_file

        content = {
            "plan": asdict(self.plan),
            "horizon": self.horizon,
            "kinds": self.kinds,
            "rate": asdict(self.reference.rate),
            "spending": asdict(self.reference.spending) if self.reference.spending else None,
            "kept": self.kept.tolist(),
            "shape": asdict(self.shape),
            "events": self.events.to_json(),
            "features": self.features.to_json(),
            "trees": self.trees is not None,
            "odds": self.odds,
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL_FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")
        for number, net in enumerate(self.nets):
            save_file(net.state_dict(), str(folder / f"purchases-{number}.safetensors"))
        self.curves.save(folder)
        self.standings.save(folder)
        self.demand.save(folder)
        if self.trees is not None:
            self.trees.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "PurchaseModel":
        """Read what `save` wrote. Raises CorruptArtifact where a file is missing or does not fit."""
        import numpy as np
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            content = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
            plan, shape = PurchasePlan(**content["plan"]), NetShape(**content["shape"])
            spending = Spending(**content["spending"]) if content["spending"] else None
            nets = []
            for number in range(plan.nets):
                net = build_net(shape)
                net.load_state_dict(load_file(str(folder / f"purchases-{number}.safetensors")))
                nets.append(net.eval())
            numbers, features = Scaling.from_json(content["events"]), Scaling.from_json(content["features"])
            reference = Reference(BuyingRate(**content["rate"]), spending)
            trees = Trees.load(folder) if content["trees"] else None
            return cls(
                plan, float(content["horizon"]), tuple(content["kinds"]), reference, np.array(content["kept"]), shape,
                numbers, features, tuple(nets), Curves.load(folder), Standings.load(folder), trees,
                float(content["odds"]), Demand.load(folder),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise CorruptArtifact(
                f"{folder} holds no readable purchase model ({str(error).splitlines()[0]}).", hint="Train it again."
            ) from error

    def _run(
        self, transactions: Transactions, cutoff: float, events: Iterable[Event]
    ) -> "tuple[Window, np.ndarray, np.ndarray]":
        """The window with every feature, what the nets say, and what they remember."""
        import numpy as np

        occasions = occasions_of(transactions, events=events, kinds=self.kinds).before(cutoff)
        wares = self.demand.wares(transactions, cutoff)
        window = window_at(occasions, cutoff, self.horizon, self.reference, wares)
        if not len(window):
            return window, np.zeros((0, 4 + len(self.kinds))), np.zeros((0, self.shape.hidden * len(self.nets)))
        sequences = sequences_of(occasions, self.events)
        features = self.features.apply(window.keeping(self.kept).numbers)
        run = self.together.run if len(window) == 1 else partial(run_nets, self.nets)
        return window, *run(sequences, window, features)

    def _opinions(self, window: Window, said: "np.ndarray") -> "dict[str, tuple[np.ndarray, np.ndarray]]":
        told = {"standings": self.standings.predict(window.numbers)}
        return opinions_of(window.keeping(self.kept), said, self.curves, self.trees) | told

    def _carried(
        self, window: Window, horizon: float, odds: "np.ndarray", count: "np.ndarray"
    ) -> "tuple[np.ndarray, np.ndarray]":
        """Log odds and logarithm of the number in another horizon than the window's."""
        rate = self.reference.rate
        number = count + horizon_shift(window, horizon, rate)
        return odds + odds_of_any(number, rate.r) - odds_of_any(count, rate.r), number

    @staticmethod
    def _placed(transactions: Transactions, window: Window, values: "np.ndarray") -> "np.ndarray":
        import numpy as np

        whole = np.full((len(transactions.customers), *values.shape[1:]), np.nan)
        whole[window.who] = values
        return whole


def fit_purchases(transactions: Transactions, plan: PurchasePlan, *, events: Iterable[Event] = ()) -> PurchaseModel:
    """Learn from the past before `plan.until`. events: other kinds of events of these customers, such as contacts.

    Raises DataError where there are too few customers who came back, or too short a time.
    """
    import numpy as np

    known, until = _known(transactions, plan, events)
    reference = fit_reference(known, until)
    past = _past(transactions, known, until, plan, reference)
    demand = demand_at(transactions, until, past[0].horizon)
    now = window_at(known, until, past[0].horizon, reference, demand.wares(transactions, until))
    kept = steady_features(past, now)
    windows = [(window.keeping(kept), outcome_of(known, window, until=until)) for window in past]
    numbers = np.concatenate([window.numbers for window, _ in windows])
    features = Scaling.of(numbers, spread_features())
    raw = event_numbers(known)
    scaling = Scaling.of(raw, np.zeros(raw.shape[1], bool))
    sequences = sequences_of(known, scaling)
    rows = rows_of(windows, [features.apply(window.numbers) for window, _ in windows])
    shape = NetShape(
        events=sequences.numbers.shape[1], features=rows.features.shape[1], kinds=len(known.kinds), hidden=plan.hidden,
        width=plan.width, dropout=plan.dropout, cell=plan.cell,
    )  # fmt: skip
    nets = tuple(train_net(sequences, rows, shape, plan, seed=plan.seed + number) for number in range(plan.nets))
    trees = grow_trees(windows, seed=plan.seed) if plan.trees else None
    curves = fit_curves(windows, seed=plan.seed)
    whole = [(window, came) for window, (_, came) in zip(past, windows, strict=True)]
    standings = fit_standings(whole, now.numbers, seed=plan.seed)
    latest, came = windows[0]
    said, _ = run_nets(nets, sequences, latest, features.apply(latest.numbers))
    opinions = opinions_of(latest, said, curves, trees)
    opinions["standings"] = standings.among(past[0].numbers).predict(past[0].numbers)
    odds = odds_shift(averaged(opinions)[0], came.count > 0)
    return PurchaseModel(
        plan, latest.horizon, known.kinds, reference, kept, shape, scaling, features, nets, curves, standings, trees,
        odds, demand,
    )  # fmt: skip


def _known(transactions: Transactions, plan: PurchasePlan, events: Iterable[Event]) -> tuple[Occasions, float]:
    """What may be learnt from, and the day at which knowledge ends."""
    if not len(transactions):
        raise DataError("there are no purchases to learn from.", hint="Import orders, or give a file of purchases.")
    until = plan.until if plan.until is not None else math.floor(float(transactions.day.max())) + 1.0
    known = occasions_of(transactions, events=events).before(until)
    if not len(known):
        raise DataError("there are no purchases before the cutoff.", hint="Take a later cutoff.")
    return known, until


def opinions_of(
    window: Window, said: "np.ndarray", curves: Curves, trees: Trees | None
) -> "dict[str, tuple[np.ndarray, np.ndarray]]":
    """By nets, probability models, curves and trees: (n,) log odds of any purchase, (n,) logarithm of the number."""
    base = bases(window)
    found = {"nets": (said[:, ANY], said[:, COUNT]), "models": (base[:, ANY], base[:, COUNT])}
    found["curves"] = curves.predict(window.numbers) if len(window) else found["models"]
    if trees is not None and len(window):
        found["trees"] = trees.predict(window.numbers)
    return found


def fit_reference(known: Occasions, until: float) -> Reference:
    """BG/NBD and, where amounts are known, Gamma-Gamma on all that was known at `until`."""
    _, seen = histories_at(known, until)
    try:
        spending = fit_spending(seen.again + 1, seen.mean)
    except DataError:  # no amounts: purchases are predicted without money
        spending = None
    return Reference(fit_rate(seen), spending)


def _past(
    transactions: Transactions, known: Occasions, until: float, plan: PurchasePlan, reference: Reference
) -> list[Window]:
    found = []
    for cutoff, horizon in past_windows(float(known.day.min()), until, plan):
        wares = demand_at(transactions, cutoff, horizon).wares(transactions, cutoff)
        found.append(window_at(known, cutoff, horizon, reference, wares))
    return [window for window in found if len(window)]
