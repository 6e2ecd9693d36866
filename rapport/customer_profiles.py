"""What the predictors say of a customer, as it is kept and read. Plain values: no behaviour, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rapport.records import CustomerId, ProductId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileDriver:
    """What pushed a score. push: in log-odds, above 0 where it raises the score. words: for staff."""

    score: Literal["churn_risk", "contact_risk"]
    feature: str
    push: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProfile:
    """What the predictors say of a customer as of a moment: for staff and rules, never for the customer.

    standing: new (has never ordered), active, or lapsed (has not ordered for longer than the model counts as active).
    churn_risk: chance that an active customer orders no more within the model's days; None of others. contact_risk:
    chance that they write within its days. value: money within a year. next_products: best first. next_reasons:
    (intent, chance). purchases, spending: days with orders, and money, to expect in the days that churn_risk is told
    for. What rests on orders is empty for who has none. model: the artifact's name.
    """

    customer_id: CustomerId
    as_of: datetime
    model: str
    standing: Literal["new", "active", "lapsed"]
    segment: str | None = None
    churn_risk: float | None = None
    value: float | None = None
    next_purchase_days: float | None = None
    purchases: float | None = None
    spending: float | None = None
    next_products: tuple[ProductId, ...] = ()
    next_reasons: tuple[tuple[str, float], ...] = ()
    contact_risk: float | None = None
    drivers: tuple[ProfileDriver, ...] = ()
    embedding: tuple[float, ...] = ()
