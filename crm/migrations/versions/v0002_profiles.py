"""Customer profiles: the newest of each customer, and the predictions made before."""

from crm.migrations.lines import table

revision = "0002"
down_revision = "0001"

_SCORES = ("churn_risk float?", "contact_risk float?", "value float?")


def upgrade() -> None:
    table(
        "profiles",
        *("customer_id key! -> customers.id", "as_of time", "model text", "segment text?", *_SCORES, "profile text"),
    )
    table(
        "predictions",
        *("id serial!", "customer_id key -> customers.id", "as_of time", "model text", *_SCORES),
        indices=("customer_id", "as_of"),
    )
