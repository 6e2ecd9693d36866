"""What the columns of each kind may be called. `layout` matches a file's own columns with these."""

import re
from collections.abc import Mapping

from rapport.records import RecordKind

# field -> other names of it, most telling first; a name counts without regard to case, spaces and punctuation
Names = Mapping[str, tuple[str, ...]]

LINE_FIELDS: Names = {
    "line_name": ("product_name", "item_name", "lineitem_name", "item", "product"),
    "line_product_id": ("product_id", "variant_id", "item_id", "sku", "stock_code"),
    "quantity": ("qty", "pieces", "lineitem_quantity", "count"),
    "unit_price": ("price", "item_price", "lineitem_price"),
    "options": ("variant", "line_options"),
}
DELIVERY_FIELDS: Names = {
    "delivery_status": ("shipping_status", "parcel_status", "fulfillment_status"),
    "tracking": ("tracking_number", "tracking_id", "tracking_code"),
    "carrier": ("shipping_carrier", "courier"),
    "shipped_at": ("ship_date", "shipped_date"),
    "expected_at": ("expected_delivery", "estimated_delivery", "eta"),
    "delivered_at": ("delivery_date", "delivered_date"),
}
REFUND_FIELDS: Names = {
    "refund_amount": ("refunded_amount", "amount_refunded"),
    "refund_status": ("refund_state",),
    "refund_requested_at": ("refund_requested",),
    "refund_paid_at": ("refund_paid", "refunded_at", "refund_date"),
    "refund_method": (),
    "refund_reason": ("return_reason",),
}
MESSAGE_FIELDS: Names = {
    "text": ("message", "message_text", "body", "content", "question", "description", "comment"),
    "role": ("sender", "author_role", "sender_type", "author_type", "speaker"),
    "at": ("message_at", "sent_at", "message_date", "timestamp", "message_created_at"),
    "private": ("internal", "is_private", "is_internal", "internal_note"),
    "public": ("is_public",),
    "author": ("author_name", "sender_name"),
}
# the same fields inside a nested object, where the prefix would be a repetition
NESTED: Mapping[str, Names] = {
    "lines": {**LINE_FIELDS, "line_name": (*LINE_FIELDS["line_name"], "title", "name")},
    "deliveries": {**DELIVERY_FIELDS, "delivery_status": (*DELIVERY_FIELDS["delivery_status"], "status", "state")},
    "refunds": {
        "refund_amount": (*REFUND_FIELDS["refund_amount"], "amount", "value"),
        "refund_status": (*REFUND_FIELDS["refund_status"], "status", "state"),
        "refund_requested_at": (*REFUND_FIELDS["refund_requested_at"], "requested_at", "created_at"),
        "refund_paid_at": (*REFUND_FIELDS["refund_paid_at"], "paid_at"),
        "refund_method": ("method", "payment_method"),
        "refund_reason": (*REFUND_FIELDS["refund_reason"], "reason"),
    },
    "messages": {
        **MESSAGE_FIELDS,
        "role": (*MESSAGE_FIELDS["role"], "from"),
        "at": (*MESSAGE_FIELDS["at"], "created_at", "date", "time"),
    },
}
NESTED_NAMES: Names = {
    "lines": ("items", "line_items", "order_lines", "order_items", "positions"),
    "deliveries": ("fulfillments", "shipments", "parcels"),
    "refunds": (),
    "messages": ("comments", "thread", "turns"),
}

FIELDS: Mapping[RecordKind, Names] = {
    RecordKind.CUSTOMERS: {
        "customer_id": (
            "source_id",
            "customer",
            "user_id",
            "client_id",
            "customer_number",
            "customer_no",
            "user",
            "id",
        ),
        "name": ("full_name", "customer_name", "display_name"),
        "first_name": ("firstname", "given_name", "forename"),
        "last_name": ("lastname", "surname", "family_name"),
        "email": ("e_mail", "email_address", "mail", "customer_email"),
        "phone": ("phone_number", "telephone", "mobile", "tel"),
        "postcode": ("zip", "zip_code", "postal_code", "post_code", "plz"),
        "city": ("town",),
        "country": ("country_code",),
        "locale": ("language", "lang"),
        "created_at": ("created", "registered_at", "signup_date", "customer_since"),
    },
    RecordKind.PRODUCTS: {
        "product_id": ("source_id", "variant_id", "item_id", "sku", "stock_code", "id"),
        "name": ("product_name", "title", "product"),
        "group": ("group_name", "parent", "family", "model"),
        "category": ("product_type", "type", "department"),
        "description": ("body", "details", "body_html"),
        "options": ("variant", "attributes"),
        "price": ("unit_price", "sale_price", "amount"),
        "currency": ("currency_code",),
        "available": ("in_stock", "is_available", "availability"),
        "stock": ("inventory", "stock_level", "quantity", "qty"),
        "url": ("link", "product_url"),
    },
    RecordKind.ORDERS: {
        "order_id": ("source_id", "id"),
        "number": ("order_number", "order_no", "order", "invoice_no"),
        "customer_id": ("customer", "user_id", "client_id", "customer_number", "customer_no", "user"),
        "status": ("order_status",),
        "placed_at": ("order_date", "ordered_at", "created_at", "date", "placed", "invoice_date"),
        "currency": ("currency_code",),
        "total": ("order_total", "total_price", "grand_total"),
        "payment_method": ("paid_with",),
        "invoice_number": ("invoice", "invoice_id"),
        **LINE_FIELDS,
        **DELIVERY_FIELDS,
        **REFUND_FIELDS,
        **{name: NESTED_NAMES[name] for name in ("lines", "deliveries", "refunds")},
    },
    RecordKind.ARTICLES: {
        "article_id": ("source_id", "id", "slug", "key"),
        "title": ("subject", "heading", "question", "name"),
        "text": ("body", "content", "answer", "markdown"),
        "visibility": ("audience", "access"),
        "collection": ("category", "section", "folder"),
        "url": ("link", "permalink"),
        "locale": ("language", "lang"),
        "valid_from": ("published_at",),
        "valid_until": ("expires_at", "expires"),
        "updated_at": ("updated", "modified", "last_modified"),
        "tags": ("labels", "keywords"),
    },
    RecordKind.TICKETS: {
        "ticket_id": ("source_id", "ticket", "case_id", "conversation_id", "id"),
        "customer_id": ("customer", "user_id", "requester_id", "requester", "client_id", "user"),
        "subject": ("title",),
        "status": ("ticket_status",),
        "channel": ("via",),
        "priority": ("urgency",),
        "created_at": ("created", "opened_at", "ticket_created_at", "date"),
        "resolved_at": ("solved_at", "closed_at"),
        "tags": ("ticket_tags",),
        "csat": ("satisfaction", "satisfaction_score"),
        "intent": ("topic",),
        "sentiment": (),
        "escalated": (),
        "outcome": ("resolution",),
        "language": ("lang", "locale"),
        "reply": ("answer", "response", "agent_reply"),
        **MESSAGE_FIELDS,
        "messages": NESTED_NAMES["messages"],
    },
    RecordKind.EVENTS: {
        "event_id": ("source_id", "id"),
        "customer_id": ("customer", "user_id", "client_id", "visitor_id", "user"),
        "kind": ("event", "event_type", "type", "event_name", "action"),
        "at": ("timestamp", "time", "occurred_at", "created_at", "date", "event_time"),
        "product_id": ("item_id", "variant_id", "sku", "product"),
        "value": ("amount", "revenue"),
    },
}
# each entry: one of these fields must have a column
REQUIRED: Mapping[RecordKind, tuple[tuple[str, ...], ...]] = {
    RecordKind.CUSTOMERS: (("customer_id",), ("name", "first_name", "last_name", "email", "phone")),
    RecordKind.PRODUCTS: (("product_id",), ("name",)),
    RecordKind.ORDERS: (("order_id", "number"), ("customer_id",), ("status",)),
    RecordKind.ARTICLES: (("article_id",), ("title",), ("text",)),
    RecordKind.TICKETS: (("ticket_id",), ("text", "messages")),
    RecordKind.EVENTS: (("customer_id",), ("kind",), ("at",)),
}
ID_FIELDS: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.CUSTOMERS: ("customer_id",),
    RecordKind.PRODUCTS: ("product_id",),
    RecordKind.ORDERS: ("order_id", "number"),
    RecordKind.ARTICLES: ("article_id",),
    RecordKind.TICKETS: ("ticket_id",),
    RecordKind.EVENTS: ("event_id",),
}
# a column such as "option: color" or "label.intent" -> the field that it is a part of
PREFIXES = {"option": "options", "options": "options", "label": "labels", "labels": "labels"}


def flat_fields(kind: RecordKind) -> Names:
    """The fields of a kind in a table, where a column such as "items" is rather a count than a list."""
    return {field: () if field in NESTED else others for field, others in FIELDS[kind].items()}


def plain(name: str) -> str:
    """A column's name as it is compared: "Customer ID", "customerId" and "customer-id" are "customer_id"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", spaced.casefold()).strip("_")
