"""The ablation of profiles in conversations: hand-worked cases."""

import pytest

from eval.profile_conversations import Case, ablation, usual_reasons
from rapport.records import Ticket

SURE = (("invoice", 0.9), ("order_status", 0.05))
DOUBTFUL = (("invoice", 0.4), ("order_status", 0.38))
LATE = {"order_status": 0.7, "delivery_problem": 0.2, "invoice": 0.05, "gift_card": 0.05}
USUAL = ["invoice", "gift_card", "return_item", "order_status"]


def case(reason: str, *said, kept=None, situation=LATE) -> Case:
    return Case(reason=reason, said=said, kept=kept or {}, situation=situation)


def test_figures_without_and_with_profiles_are_those_of_the_cases():
    rows = ablation([case("order_status", SURE, DOUBTFUL), case("invoice", SURE, SURE, kept={"invoice": 0.6})], USUAL)
    told = {name: (row["without"]["value"], row["with"]["value"], row["tickets"]) for name, row in rows.items()}
    assert told == {
        "hit_at_3_kept": (0.5, 0.5, 2),
        "hit_at_3_situation": (0.5, 1.0, 2),
        # the sure phrasing stays wrong, the doubtful one of the first case becomes right
        "queue_of_first_message": (0.5, 0.75, 2),
        "queue_where_unsure": (0.0, 1.0, 1),
        "queue_where_a_person_is_asked_for": (0.0, 0.5, 2),
        "queue_where_a_person_is_asked_for_over_the_commonest": (0.5, 0.5, 2),
        "teams_after_first_message": (1.5, 1.25, 2),
        "teams_where_a_person_is_asked_for": (2.0, 1.5, 2),
    }
    assert rows["queue_of_first_message"]["change"]["value"] == pytest.approx(0.25)
    assert all(row["change"]["low"] <= row["change"]["value"] <= row["change"]["high"] for row in rows.values())


def test_a_row_without_cases_is_left_out():
    assert "queue_where_unsure" not in ablation([case("invoice", SURE)], USUAL)


def test_the_commonest_reasons_are_counted_before_the_day_alone():
    from datetime import UTC, datetime, timedelta

    day = datetime(2026, 5, 1, tzinfo=UTC)

    def ticket(number: int, intent: str, days: float) -> Ticket:
        return Ticket(source="t", source_id=f"{number}", customer_id="t:a", created_at=day + timedelta(days=days),
                      labels={"intent": intent})  # fmt: skip

    tickets = [ticket(1, "invoice", -1), ticket(2, "gift_card", -2), ticket(3, "invoice", -3), ticket(4, "oos", -1)]
    later = [ticket(number, "store_info", 1) for number in range(5, 12)]
    assert usual_reasons([*tickets, *later], day) == ["invoice", "gift_card"]
