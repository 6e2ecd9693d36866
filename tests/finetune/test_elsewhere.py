"""The shipped map of requests to other trades, and the families that it is learnt from."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from eval.decision_messages import load_messages
from finetune.elsewhere import CLUSTERS, FILE, INSIDE, MOST, OUTSIDE, family_rows, shipped_elsewhere, written_rows
from finetune.vectors import VectorCache
from rapport.doubles import HashingEncoder
from rapport.metrics import auroc
from rapport.text import mask


def test_families_give_many_different_messages_of_both_sides():
    rows = list(family_rows())
    sides = Counter(row.label.rpartition("-")[0] for row in rows)
    assert set(sides) == {OUTSIDE, INSIDE} == set(MOST)
    assert min(sides.values()) > 2_000
    assert not [row.text for row in rows if set("{}[]|") & set(row.text)]


def test_the_same_seed_gives_the_same_messages():
    assert list(family_rows(3)) == list(family_rows(3)) != list(family_rows(4))


def test_the_map_serves_only_the_encoder_that_it_was_made_with():
    assert FILE.is_file()
    assert shipped_elsewhere(HashingEncoder()) is None


def test_written_messages_of_either_side_stand_in_groups_of_what_lies_near():
    rows = list(written_rows(VectorCache(HashingEncoder())))
    groups = {side: {row.label for row in rows if row.label.startswith(f"{side}-near-")} for side in CLUSTERS}
    assert {side: len(found) for side, found in groups.items()} == CLUSTERS
    assert len({row.text.casefold() for row in rows if row.label.startswith(OUTSIDE)}) > 2_000
    assert not [row.text for row in rows if "{" in row.text]


@pytest.mark.slow
def test_the_shipped_map_tells_messages_to_others_apart_and_better_with_its_hidden_layer(encoder, sample):
    strange = [mask(one.text) for one in load_messages("dev") if one.group in ("other_services", "general_knowledge")]
    own = [mask(one.text) for one in sample.examples if one.split == "test" and one.intent != "oos"][:600]
    texts, ours = [*own, *strange], np.arange(len(own) + len(strange)) < len(own)
    vectors, found = encoder.encode(texts), shipped_elsewhere(encoder)
    whole, linear = (auroc(one.log_odds(texts, vectors), ours) for one in (found, replace(found, hidden=None)))
    assert whole >= 0.98
    assert whole > linear
