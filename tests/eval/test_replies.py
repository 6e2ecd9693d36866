"""Questions for single fields, asked of the real agent with the shipped starter, judged by the records."""

import pytest

from eval.replies import BOUNDS, Exchange, ReplyTally, field_phrasings, measure
from eval.report import missed
from prompts.fields import TOPICS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tally() -> ReplyTally:
    return measure(None, count=56, seed=5, part="dev", decisions=False)


def test_the_right_values_are_stated_and_nothing_is_invented(tally):
    figures = tally.figures()
    assert figures["replies"] == 56
    assert figures["invented"] == 0
    assert figures["right_values"] >= 0.9, [one for one in tally.exchanges if not one.right]
    assert figures["by_model"] >= 0.9
    assert figures["right_decision"] is None


def test_every_topic_is_asked_and_samples_are_by_chance_and_seed(tally):
    assert {one.topic for one in tally.exchanges} == set(field_phrasings("dev")) == set(TOPICS) - {"parcel"}
    assert tally.samples(5, seed=1) == tally.samples(5, seed=1) != tally.samples(5, seed=2)


def test_a_wrong_reply_counts_against_its_bound(tally):
    one = tally.exchanges[0]
    changed = {name: getattr(one, name) for name in Exchange.__dataclass_fields__}
    bad = ReplyTally([Exchange(**{**changed, "right": False, "wrong": ("total",), "invented": ("7",)})])
    assert bad.exchanges[0].verdict == "not what was asked; states the total too; invents 7"
    assert len(missed(bad.figures(), BOUNDS)) >= 3


def test_the_phrasings_for_choosing_and_for_testing_differ():
    dev, test = field_phrasings("dev"), field_phrasings("test")
    assert not {phrase for some in dev.values() for phrase in some} & {
        phrase for some in test.values() for phrase in some
    }
