"""What is at stake in a conversation: the order under discussion against the shop's usual order.

Only an order of the verified customer is looked at, so what somebody else bought changes nothing for anybody.
"""

import math
import time
from dataclasses import dataclass

from agent.context import Context
from crm.store import Store
from crm.usual import usual_total
from rapport.types import Conversation, Viewer


@dataclass(frozen=True, slots=True)
class Worth:
    """Totals; 0 where not known."""

    order: float = 0.0
    usual: float = 0.0


class StoreWorth:
    """Looks at a store's orders. The usual total is looked up again once the records have changed.

    Thread-safe enough: two threads that look at once find the same.
    """

    def __init__(self, store: Store, *, seconds: float = 60.0) -> None:
        self._store = store
        self._seconds = seconds  # least time between two looks at the records
        self._looked = -math.inf
        self._change = -1
        self._usual = 0.0

    def __call__(self, conversation: Conversation, context: Context) -> Worth:
        """The order that the conversation is about, if it is the verified customer's own, and the usual one."""
        owner = Viewer(conversation.customer_id, conversation.identity).owner
        if owner is None or context.order is None:
            return Worth(usual=self._usual_total())
        own = self._store.orders_of(owner, number=context.order, limit=1)
        total = float(own[0].total) if own and own[0].total is not None else 0.0
        return Worth(order=total, usual=self._usual_total())

    def _usual_total(self) -> float:
        now = time.monotonic()
        if now - self._looked >= self._seconds:
            self._looked = now
            change = self._store.last_change()
            if change != self._change:
                self._usual = usual_total(self._store)
                self._change = change
        return self._usual
