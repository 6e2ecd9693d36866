"""What an order of the company usually comes to."""

import itertools
import statistics

from crm.store import Store
from rapport.records import Order, RecordKind

SAMPLED = 300  # orders whose median total counts as usual


def usual_total(store: Store) -> float:
    """The median total of some orders; 0.0 where none has a total."""
    some = itertools.islice(store.iterate(RecordKind.ORDERS), SAMPLED)
    totals = [float(one.total) for one in some if isinstance(one, Order) and one.total is not None]
    return statistics.median(totals) if totals else 0.0
