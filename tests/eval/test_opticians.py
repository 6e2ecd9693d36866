"""The second company: its tickets differ from the sample's, and every value in them is found again."""

import pytest

from eval.opticians import make_opticians
from finetune.reply_examples import examples_of
from prompts.fields import slots_of


@pytest.fixture
def found(store):
    company = make_opticians(3, 120)
    for records in (company.customers, company.orders, company.tickets):
        store.upsert(records)
    return examples_of(store)


def test_every_reply_becomes_a_row_and_no_value_stays_in_one(found):
    assert len(found.rows) == 120
    assert not found.left_out
    for row in found.rows:
        text = row["messages"][-1]["content"]
        assert not any(character.isdigit() for character in text)
        assert row["checkable"] is bool(slots_of(text))


def test_the_company_is_the_same_for_the_same_seed():
    assert make_opticians(3, 40) == make_opticians(3, 40)
    assert make_opticians(3, 40) != make_opticians(4, 40)


def test_private_notes_names_and_signatures_are_in_no_row(found):
    text = str([row["messages"] for row in found.rows])
    for word in ("Rang", "Wilhelmina", "Perpetua", "Abernathy", "regards", "Dear"):
        assert word not in text


@pytest.mark.slow
def test_fine_tuning_is_measured_on_what_is_new_and_on_what_was_known(home, tiny_chat):
    from dataclasses import replace

    from eval.reply_tuning import Known, measure_tuning
    from finetune.reply import PLAN
    from finetune.starter.grammar import rows

    plan = replace(PLAN, epochs=1, rank=4, looks=1)
    known = Known(learnt=list(rows(1, 20)), held_out=list(rows(2, 4, held_out=True)))
    figures = measure_tuning(home, str(tiny_chat("llama")), plan=plan, share=0.1, known=known)
    assert figures["loss_after"] < figures["loss_before"]
    assert figures["old_rows"] == round(0.1 * figures["rows"])
    assert figures["right_slots_gained"] == figures["right_slots_after"] - figures["right_slots_before"]
    assert figures["old_points_lost"] == 100 * (figures["old_before"] - figures["old_after"])


def test_figures_are_means_over_the_seeds_and_the_longest_time_counts():
    from eval.reply_tuning import mean_of

    runs = [{"right_slots_gained": gained, "seconds": seconds} for gained, seconds in ((0.04, 80.0), (-0.02, 90.0))]
    assert mean_of(runs) == {"right_slots_gained": pytest.approx(0.01), "seconds": 90.0}
