"""The ablation of profiles in conversations: hand-worked cases."""

import pytest

from eval.profile_conversations import Case, ablation, usual_reasons
from eval.profile_waits import Waits
from rapport.records import Ticket

SURE = (("invoice", 0.9), ("order_status", 0.05))
DOUBTFUL = (("invoice", 0.4), ("order_status", 0.38))
HELLO = (("greeting", 0.99),)
LATE = {"order_status": 0.7, "delivery_problem": 0.2, "invoice": 0.05, "gift_card": 0.05}
USUAL = ["invoice", "gift_card", "return_item", "order_status"]
WAITS = Waits(teams={("chat", "billing"): 1.0, ("chat", "delivery"): 2.0, ("chat", "general"): 4.0}, channels={}, all=9)
RIGHT = frozenset({"track"})


def case(reason: str, *said, kept=None, situation=LATE, **more) -> Case:
    return Case(reason=reason, channel="chat", said=said, kept=kept or {}, situation=situation, **more)


def test_figures_without_and_with_profiles_are_those_of_the_cases():
    first = case("order_status", SURE, DOUBTFUL, vague=(HELLO,))
    rows = ablation([first, case("invoice", SURE, SURE, kept={"invoice": 0.6})], USUAL, WAITS)
    told = {name: (row["without"]["value"], row["with"]["value"], row["tickets"]) for name, row in rows.items()}
    assert told == {
        "reason_at_3_kept": (0.5, 0.5, 2),
        "reason_at_3_situation": (0.5, 1.0, 2),
        # the sure phrasing stays wrong, the doubtful one of the first case becomes right
        "queue_first": (0.5, 0.75, 2),
        "queue_unsure": (0.0, 1.0, 1),
        "queue_vague": (0.0, 1.0, 1),
        "queue_person": (0.0, 0.5, 2),
        "queue_person_over_guess": (0.5, 0.5, 2),
        # billing and then delivery, or delivery at once: (3 + 3) / 2 and (3 + 2) / 2 hours; the other case takes 1
        "hours_first": (2.0, 1.75, 2),
        "hours_unsure": (3.0, 2.0, 1),
        "hours_vague": (6.0, 2.0, 1),
        # general and then the right one, or delivery and, for an invoice, billing after it
        "hours_person": (5.5, 2.5, 2),
    }
    assert rows["queue_first"]["change"]["value"] == pytest.approx(0.25)
    assert all(row["change"]["low"] <= row["change"]["value"] <= row["change"]["high"] for row in rows.values())


def test_an_article_counts_where_it_is_among_the_first():
    sought = ((("a", "b", "c", "track"), ("a", "track"), RIGHT), (("track",), ("track",), RIGHT))
    asked = ((("track",), ("a", "b", "c", "track"), RIGHT),)
    rows = ablation([case("order_status", SURE, sought=sought, asked=asked)], USUAL, WAITS)
    told = {name: (row["without"]["value"], row["with"]["value"]) for name, row in rows.items() if "article" in name}
    assert told == {
        "article_at_1_vague": (0.5, 0.5), "article_at_3_vague": (0.5, 1.0),
        "article_at_1_clear": (1.0, 0.0), "article_at_3_clear": (1.0, 0.0),
    }  # fmt: skip


def test_a_row_without_cases_is_left_out():
    assert "queue_unsure" not in ablation([case("invoice", SURE)], USUAL, WAITS)


def test_the_commonest_reasons_are_counted_before_the_day_alone():
    from datetime import UTC, datetime, timedelta

    day = datetime(2026, 5, 1, tzinfo=UTC)

    def ticket(number: int, intent: str, days: float) -> Ticket:
        return Ticket(source="t", source_id=f"{number}", customer_id="t:a", created_at=day + timedelta(days=days),
                      labels={"intent": intent})  # fmt: skip

    tickets = [ticket(1, "invoice", -1), ticket(2, "gift_card", -2), ticket(3, "invoice", -3), ticket(4, "oos", -1)]
    later = [ticket(number, "store_info", 1) for number in range(5, 12)]
    assert usual_reasons([*tickets, *later], day) == ["invoice", "gift_card"]
