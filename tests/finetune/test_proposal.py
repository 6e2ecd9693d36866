"""The proposal's file: readable, whole or not at all, and refused where it is damaged."""

import json
import stat

import pytest

from finetune.proposal import Cluster, Proposal, load_proposal, proposal_file, save_proposal, write_whole
from rapport.errors import CorruptArtifact, UserError

PROPOSAL = Proposal(
    source="tickets",
    made_at="2026-11-01T10:00:00+00:00",
    encoder="demo@1",
    texts=4,
    different=4,
    fitted_on=4,
    unclustered=1,
    clusters=(
        Cluster(
            id="c1", name="a", keywords=("k",), examples=("wo ist „W“?",), members=("d:1", "d:2"), labelled=("d:1",)
        ),
        Cluster(id="c2", name="b", members=("d:3",)),
    ),
)


def test_it_is_json_with_the_long_lists_on_a_line_each_at_the_end(home):
    save_proposal(home, PROPOSAL)
    text = proposal_file(home).read_text(encoding="utf-8")
    content = json.loads(text)
    assert [one["size"] for one in content["clusters"]] == [2, 1]
    assert '    "c1": ["d:1", "d:2"],' in text.splitlines()
    assert list(content)[-2:] == ["members", "labelled"]
    assert load_proposal(home) == PROPOSAL


def test_only_its_owner_may_read_it(home):
    save_proposal(home, PROPOSAL)
    assert stat.S_IMODE(proposal_file(home).stat().st_mode) == 0o600


def test_no_clusters_at_all_can_be_kept(home):
    empty = Proposal(source="tickets", made_at="", encoder="", texts=20, different=20, fitted_on=20, unclustered=20)
    save_proposal(home, empty)
    assert load_proposal(home) == empty


def test_a_write_that_fails_leaves_what_was_there(home):
    save_proposal(home, PROPOSAL)
    before = proposal_file(home).read_bytes()
    with pytest.raises(TypeError):
        save_proposal(home, Proposal(**{name: getattr(PROPOSAL, name) for name in PROPOSAL.__slots__} | {"texts": {1}}))
    assert proposal_file(home).read_bytes() == before
    blocked = proposal_file(home).with_name("folder")
    blocked.mkdir()
    with pytest.raises(UserError, match="folder cannot be written"):
        write_whole(blocked, "text")
    assert [path.name for path in sorted(blocked.parent.iterdir())] == ["clusters.json", "folder"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"clusters": 1}', '{"clusters": [{"id": "c1"}], "members": {}}'])
def test_a_damaged_file_is_told_with_what_to_do(home, content):
    write_whole(proposal_file(home), content)
    with pytest.raises(CorruptArtifact, match="rapport tickets cluster"):
        load_proposal(home)
