"""Training plans."""

import pytest

from finetune.examples import Labelled
from finetune.plan import TrainingPlan, plan_for
from rapport.errors import SettingsError


def rows(each):
    return [Labelled(f"text {label} {number}", label) for label in "ab" for number in range(each)]


def test_few_rows_a_label_are_trained_by_contrast():
    assert plan_for(rows(10), TrainingPlan()).contrast > 0
    assert plan_for(rows(100), TrainingPlan()) == TrainingPlan()


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch", 0), ("risk", 0.9), ("learning_rate", 2.0), ("method", "magic")]
)
def test_a_value_out_of_range_is_refused_by_its_option(name, value):
    with pytest.raises(SettingsError, match=f"--{name.replace('_', '-')}"):
        TrainingPlan(**{name: value})
