"""The yardstick of the training loop: a bare loop over the same batches."""

import pytest

from eval.speed_training import finetune_over_bare


@pytest.mark.slow
def test_both_loops_are_timed_over_the_same_examples():
    speed = finetune_over_bare(examples=40, repetitions=2)
    assert speed.ratio.median > 0
    for loop in (speed.examples_per_s, speed.bare_per_s):
        assert loop.median > 0
