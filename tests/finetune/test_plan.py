"""Training plans."""

from typing import get_args

import pytest

from finetune.examples import Labelled
from finetune.plan import EPOCHS, FEW, FEW_EPOCHS, TrainingPlan, plan_for
from rapport.errors import SettingsError
from ui.commands.train import EpochsOption


def rows(each):
    return [Labelled(f"text {label} {number}", label) for label in "ab" for number in range(each)]


def test_few_rows_a_label_are_trained_by_contrast():
    assert plan_for("intent", rows(10), TrainingPlan()).contrast > 0
    assert plan_for("intent", rows(10), TrainingPlan()).soup > 1
    assert plan_for("intent", rows(10), TrainingPlan(method="lora")).soup == 1
    assert plan_for("intent", rows(100), TrainingPlan()) == TrainingPlan(epochs=EPOCHS["intent"])


def test_stray_labels_do_not_make_many_rows_few():
    strays = [Labelled(f"odd {number}", f"odd {number}") for number in range(9)]
    assert plan_for("intent", [*rows(100), *strays], TrainingPlan()).contrast == 0
    assert plan_for("intent", strays, TrainingPlan()).contrast > 0


@pytest.mark.parametrize(
    ("task", "each", "given", "epochs"),
    [
        ("intent", 100, None, 6),
        ("intent", 20, None, 5),
        ("sentiment", 100, None, 3),
        ("sentiment", 10, None, 3),
        ("intent", 10, 12, 12),
        ("sentiment", 100, 1, 1),
    ],
)
def test_epochs_that_were_given_are_kept_and_others_chosen(task, each, given, epochs):
    assert plan_for(task, rows(each), TrainingPlan(epochs=given)).epochs == epochs


def test_the_help_of_the_verb_names_the_epochs_that_are_chosen():
    help_text = get_args(EpochsOption)[1].help
    for part in (f"{EPOCHS['intent']} for intents", f"{EPOCHS['sentiment']} for sentiment",
                 f"at most {FEW_EPOCHS} with {FEW} rows a label"):  # fmt: skip
        assert part in help_text


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch", 0), ("risk", 0.9), ("learning_rate", 2.0), ("method", "magic")]
)
def test_a_value_out_of_range_is_refused_by_its_option(name, value):
    with pytest.raises(SettingsError, match=f"--{name.replace('_', '-')}"):
        TrainingPlan(**{name: value})
