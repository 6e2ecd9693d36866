"""Texts that ask for the same are found without labels."""

import csv
import json

import numpy as np
import pytest

from finetune.cluster import LEAST, find_clusters
from finetune.openings import request_of
from rapport.doubles import HashingEncoder
from rapport.errors import UserError
from rapport.paths import public_data
from rapport.text import mask


def purity(group, truth) -> float:
    """Share of the grouped texts whose intent is the most frequent one of their group."""
    kept = np.asarray(truth)[group >= 0]
    most = [np.unique(kept[group[group >= 0] == one], return_counts=True)[1].max() for one in set(group[group >= 0])]
    return sum(most) / len(kept)


def agreement(group, truth) -> float:
    """The adjusted Rand index of the grouped texts with their intents."""
    from sklearn.metrics import adjusted_rand_score

    return adjusted_rand_score(np.asarray(truth)[group >= 0], group[group >= 0])


@pytest.fixture
def rows(planted):
    return planted()


def test_planted_intents_are_found(rows):
    found = find_clusters([text for text, _ in rows], HashingEncoder())
    truth = [intent for _, intent in rows]
    assert found.count >= 6
    assert (found.group >= 0).mean() > 0.7
    assert purity(found.group, truth) == 1.0


def test_groups_are_numbered_by_size_and_their_members_by_typicality(rows):
    found = find_clusters([text for text, _ in rows], HashingEncoder())
    sizes = [len(found.members(group)) for group in range(found.count)]
    assert sizes == sorted(sizes, reverse=True)
    near = found.near[found.members(0)]
    assert list(near) == sorted(near, reverse=True)


def test_the_same_texts_give_the_same_groups(rows):
    texts = [text for text, _ in rows]
    one, other = (find_clusters(texts, HashingEncoder()) for _ in range(2))
    np.testing.assert_array_equal(one.group, other.group)


def test_equal_texts_fall_in_one_group_and_count_once(rows):
    texts = [text for text, _ in rows]
    found = find_clusters([*texts, *[texts[0]] * 50], HashingEncoder())
    assert found.different == len(texts)
    assert set(found.group[len(texts) :]) == {found.group[0]}


def test_texts_beyond_the_sample_join_the_groups_found_in_it(planted):
    rows = planted(60)
    told = []
    found = find_clusters(
        [text for text, _ in rows],
        HashingEncoder(),
        fit_on=120,
        progress=lambda done, total: told.append((done, total)),
    )
    assert (found.fitted_on, found.different) == (120, 360)
    assert (found.group >= 0).mean() > 0.6
    assert purity(found.group, [intent for _, intent in rows]) > 0.95
    assert told[-1] == (360, 360)


def test_a_text_like_no_other_is_left_out(rows):
    texts = [*(text for text, _ in rows), "xylophone"]
    assert find_clusters(texts, HashingEncoder()).group[-1] == -1


@pytest.mark.parametrize("texts", [["one text"] * 200, [f"text {number}" for number in range(LEAST - 1)], []])
def test_too_few_different_texts_are_refused(texts):
    with pytest.raises(UserError, match=f"{LEAST} are needed"):
        find_clusters(texts, HashingEncoder())


def test_lines_that_only_greet_and_sign_are_not_read():
    assert request_of("Dear Larch team,\n\nWhere is W-12345?\n\nKind regards\nAnn Li") == "Where is #12345?"
    assert request_of("Hello,") == "Hello,"
    assert request_of("No refund yet\nAnn") == "No refund yet"
    assert request_of("It broke.\nWhat now?") == "It broke. What now?"


@pytest.mark.slow
def test_the_sample_companys_intents_are_found_in_part(encoder, sample):
    """Two of five tickets ask for two things or in another language, so agreement is far from whole."""
    texts = [request_of(ticket.messages[0].text) for ticket in sample.tickets]
    found = find_clusters(texts, encoder)
    truth = [ticket.labels["intent"] for ticket in sample.tickets]
    assert (found.group >= 0).mean() > 0.4
    assert agreement(found.group, truth) > 0.2
    assert purity(found.group, truth) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "grouped", "agreed"), [("banking77", 0.6, 0.5), ("curekart", 0.7, 0.5)])
def test_the_intents_of_public_training_parts_are_found(encoder, name, grouped, agreed):
    folder = public_data(name)
    if folder is None:
        pytest.skip(f"the public set '{name}' is not present")
    if name == "banking77":
        lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [(row["text"], row["intent"]) for row in map(json.loads, lines)]
    else:
        with (folder / "curekart_train.csv").open(encoding="utf-8", newline="") as file:
            rows = [(row["sentence"], row["label"]) for row in csv.DictReader(file)]
    found = find_clusters([mask(text) for text, _ in rows], encoder)
    assert (found.group >= 0).mean() > grouped
    assert agreement(found.group, [label for _, label in rows]) > agreed
