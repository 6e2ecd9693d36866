"""Which intents go which way: tables that `decide` and `act` read."""

from collections.abc import Mapping

# intent -> the rule (and the tool) that answers it from the customer's own records
RECORD_RULES: Mapping[str, str] = {
    "order_status": "order_status",
    "delivery_problem": "delivery",
    "refund_status": "refund",
    "invoice": "invoice",
}
# Changes of an order, which a number elsewhere in the message names.
ORDER_CHANGES = frozenset({"cancel_order", "change_order", "change_address", "return_item", "exchange_item"})
PRODUCT_INTENTS = frozenset({"product_availability", "product_question"})
# Asking for a change. This agent has no tool that changes a record.
WRITE_INTENTS = frozenset(
    {
        *ORDER_CHANGES,
        "account_change",
        "damaged_item",
        "wrong_item",
        "warranty_claim",
    }
)
# "assistant" is no label of the head: set phrases alone say it ("are you a robot?").
SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "assistant"})
# Say nothing by themselves: what they mean depends on what was asked before.
ANSWERS_TO_US = frozenset({"confirm", "deny", "verify_me"})
