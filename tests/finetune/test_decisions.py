"""A proposal is made, kept and decided on; labels follow the decisions and nothing else."""

import json

import pytest

from finetune.decisions import accept, merge, propose_for_file, propose_for_tickets, reject, rename
from finetune.proposal import load_proposal
from finetune.ticket_labels import intents_of, label_ticket
from rapport.doubles import HashingEncoder
from rapport.errors import NotFound, Refused, UserError
from rapport.records import RecordKind

ENCODER = HashingEncoder()


@pytest.fixture
def proposal(home, store, truth):
    return propose_for_tickets(home, store, encoder=ENCODER)


def labels(store) -> dict[str, str]:
    return {one.key: one.labels["intent"] for one in store.iterate(RecordKind.TICKETS) if "intent" in one.labels}


def test_each_cluster_holds_tickets_of_one_intent_and_none_is_labelled_yet(proposal, store, truth):
    assert len(proposal.clusters) >= 6
    for cluster in proposal.clusters:
        assert len({truth[key] for key in cluster.members}) == 1
        assert 0 < len(cluster.examples) <= 5
        assert not set(cluster.examples) & set(cluster.edge)
    assert proposal.unclustered == proposal.texts - sum(cluster.size for cluster in proposal.clusters)
    assert labels(store) == {}


def test_a_kept_proposal_comes_back_as_it_was(proposal, home):
    assert load_proposal(home) == proposal


def test_accepting_labels_the_tickets_of_the_cluster_once(proposal, home, store):
    first = proposal.clusters[0]
    done = accept(home, store, first.id)
    assert done.changed == first.size
    assert labels(store) == dict.fromkeys(first.members, first.name)
    assert accept(home, store, first.name).changed == 0
    assert load_proposal(home).find(first.id).state == "accepted"


def test_accepting_leaves_a_label_that_stands(proposal, home, store):
    first = proposal.clusters[0]
    label_ticket(store, first.members[0], "by_hand")
    assert accept(home, store, first.id, name="ours").changed == first.size - 1
    assert labels(store) == {**dict.fromkeys(first.members, "ours"), first.members[0]: "by_hand"}


def test_rejecting_takes_off_what_accepting_wrote_and_nothing_else(proposal, home, store):
    first = proposal.clusters[0]
    label_ticket(store, first.members[0], first.name)
    accept(home, store, first.id)
    label_ticket(store, first.members[1], "corrected")
    assert reject(home, store, first.id).changed == first.size - 2
    assert labels(store) == {first.members[0]: first.name, first.members[1]: "corrected"}
    assert load_proposal(home).find(first.id).state == "rejected"


def test_labels_follow_a_new_name(proposal, home, store):
    first = proposal.clusters[0]
    accept(home, store, first.id)
    assert rename(home, store, first.id, "another_name").changed == first.size
    assert set(labels(store).values()) == {"another_name"}
    assert reject(home, store, "another_name").changed == first.size
    assert labels(store) == {}


def test_clusters_merge_with_their_tickets_and_their_labels(proposal, home, store):
    one, other = proposal.clusters[:2]
    accept(home, store, one.id)
    whole = merge(home, store, [one.id, other.name], name="both").cluster
    assert (whole.id, whole.state, whole.size) == (one.id, "proposed", one.size + other.size)
    assert set(labels(store).values()) == {"both"}
    assert accept(home, store, "both").changed == other.size
    assert intents_of(store) == {"both": whole.size}
    assert len(load_proposal(home).clusters) == len(proposal.clusters) - 1


def test_an_unknown_cluster_is_refused_with_the_nearest_name(proposal, home, store):
    name = proposal.clusters[0].name
    with pytest.raises(NotFound, match=f"Did you mean {name}"):
        accept(home, store, f"{name}x")


def test_names_that_collide_or_cannot_be_are_refused(proposal, home, store):
    one, other = proposal.clusters[:2]
    for taken in (other.name, other.id):
        with pytest.raises(Refused, match="rapport tickets merge"):
            rename(home, store, one.id, taken)
    for bad in ("", " ", "two\nlines", "x" * 81):
        with pytest.raises(UserError, match="name of an intent"):
            rename(home, store, one.id, bad)
    with pytest.raises(Refused, match="two different"):
        merge(home, store, [one.id, one.name], name="same")
    assert load_proposal(home) == proposal


def test_labelled_tickets_are_not_grouped_and_when_all_are_there_is_nothing_to_do(proposal, home, store):
    for cluster in proposal.clusters[:2]:
        accept(home, store, cluster.id)
    again = propose_for_tickets(home, store, encoder=ENCODER)
    assert again.texts == proposal.texts - sum(cluster.size for cluster in proposal.clusters[:2])
    for key in (one.key for one in store.iterate(RecordKind.TICKETS)):
        label_ticket(store, key, "done")
    with pytest.raises(UserError, match="all 96 tickets"):
        propose_for_tickets(home, store, encoder=ENCODER)


def test_a_store_without_tickets_is_told(home, store):
    with pytest.raises(UserError, match="none of 0 tickets"):
        propose_for_tickets(home, store, encoder=ENCODER)


def test_decisions_without_a_proposal_say_what_to_run(home, store):
    with pytest.raises(NotFound, match="rapport tickets cluster"):
        accept(home, store, "c1")


class TestFile:
    """Texts of a file instead of tickets."""

    @pytest.fixture
    def paths(self, tmp_path, planted):
        source, out = tmp_path / "texts.jsonl", tmp_path / "out.jsonl"
        lines = [json.dumps({"text": text, "note": intent}) for text, intent in planted()]
        source.write_text("\n".join([*lines[:3], "", *lines[3:]]) + "\n", encoding="utf-8")
        return source, out

    def test_its_rows_are_written_with_the_names_of_their_clusters(self, home, paths, planted):
        proposal = propose_for_file(home, paths[0], out=paths[1], encoder=ENCODER)
        rows = [json.loads(line) for line in paths[1].read_text(encoding="utf-8").splitlines()]
        assert len(rows) == proposal.texts - proposal.unclustered
        meant = dict(planted())
        named = {}
        for row in rows:
            assert named.setdefault(row["label"], meant[row["text"]]) == meant[row["text"]]

    def test_its_labelled_rows_follow_every_decision(self, home, paths):
        proposal = propose_for_file(home, paths[0], out=paths[1], encoder=ENCODER)
        one, other, *_ = proposal.clusters
        reject(home, None, one.id)
        rename(home, None, other.id, "renamed")
        accept(home, None, "renamed")
        names = [json.loads(line)["label"] for line in paths[1].read_text(encoding="utf-8").splitlines()]
        assert one.name not in names
        assert names.count("renamed") == other.size

    def test_a_file_that_changed_is_refused_and_nothing_is_decided(self, home, paths):
        proposal = propose_for_file(home, paths[0], out=paths[1], encoder=ENCODER)
        paths[0].write_text('{"text": "another"}\n', encoding="utf-8")
        with pytest.raises(Refused, match="is not the file any more"):
            reject(home, None, proposal.clusters[0].id)
        assert load_proposal(home) == proposal

    def test_a_place_that_cannot_be_written_is_refused_first(self, home, paths, tmp_path):
        for out in (tmp_path, tmp_path / "absent" / "out.jsonl", paths[0]):
            with pytest.raises(UserError, match=r"cannot be written|replace the texts"):
                propose_for_file(home, paths[0], out=out, encoder=ENCODER)
