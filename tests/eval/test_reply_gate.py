"""Two reply models on the same held-out rows, and what is kept of the comparison."""

import json

import pytest

from eval.gate import GatePlan
from eval.reply_gate import SEED, _seed_of, compare, drawn, keep, run
from eval.reply_scores import Written, cases_of
from rapport.errors import NotFound

SYSTEM = "status: shipped\nasked: status\nsay: status, items\nmay say: order number"


def rows(n: int) -> list[dict]:
    told = (("system", SYSTEM), ("user", "Where is it?"), ("assistant", "It is {status}: {items}."))
    messages = [{"role": role, "content": text} for role, text in told]
    return [{"messages": messages, "source": f"ticket:T-{number}"} for number in range(1, n + 1)]


def says(text: str, seen: list | None = None):
    def write(case) -> Written:
        if seen is not None:
            seen.append(text)
        return Written(text, True, 5.0)

    return write


def test_a_model_that_leaves_facts_out_is_refused_with_the_cases():
    cases = cases_of(rows(200))
    judgement, texts = run(cases, says("It is {status}."), says("It is {status}: {items}."), plan=GatePlan())
    assert [figure.name for figure in judgement.fallen] == ["right"]
    assert judgement.fallen[0].examples[0] == "ticket:T-1 #1"
    assert texts["ticket:T-1 #1"] == ("It is {status}.", "It is {status}: {items}.")


def test_each_model_answers_first_as_often():
    seen: list[str] = []
    run(cases_of(rows(4)), says("new", seen), says("old", seen), plan=GatePlan(resamples=100))
    assert seen == ["new", "old", "old", "new", "new", "old", "old", "new"]


def test_of_many_cases_some_are_drawn_by_the_seed():
    cases = cases_of(rows(50))
    some = drawn(cases, GatePlan(most=10))
    assert some == drawn(cases, GatePlan(most=10)) != drawn(cases, GatePlan(most=10, seed=8))
    assert len(some) == 10
    assert drawn(cases, GatePlan(most=50)) == cases


def test_a_model_tuned_on_preferences_is_compared_on_what_its_training_on_tickets_held_out(
    home, publish_reply, tmp_path
):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "config.json").write_text("{}")
    publish_reply(home, "taught", tmp_path / "files", plan={"method": "sft", "seed": 9, "began_with": "starter"})
    for name, began in (("liked", "taught"), ("liked-more", "liked")):
        publish_reply(home, name, tmp_path / "files", plan={"method": "dpo", "seed": 7, "began_with": began})
    publish_reply(home, "made", tmp_path / "files")
    assert [_seed_of(home, name) for name in ("taught", "liked", "liked-more", "made")] == [9, 9, 9, SEED]


@pytest.mark.slow
def test_models_of_a_home_are_compared_as_they_stand(home, tiny_chat, publish_reply, monkeypatch):
    monkeypatch.setattr("eval.reply_scores.TOKENS", 24)  # random weights never end a reply
    publish_reply(home, "old", tiny_chat("llama"))
    publish_reply(home, "new", tiny_chat("llama"))
    done = []
    found = compare(home, "new", "old", rows(3), plan=GatePlan(resamples=100),
                    progress=lambda *step: done.append(step))  # fmt: skip
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert (found.candidate, found.in_use, found.judgement.cases) == ("new", "old", 3)
    assert {figure.name for figure in found.judgement.unclear} == {"right", "grounded", "rule_breaks"}
    same = {figure.name: figure.change.value for figure in found.judgement.figures if figure.name != "ms_p95"}
    assert same == {"right": 0.0, "grounded": 0.0, "rule_breaks": 0.0, "similarity": 0.0, "length": 1.0}
    with pytest.raises(NotFound, match="no held-out conversations"):
        compare(home, "new", "old", [], plan=GatePlan())
    with pytest.raises(NotFound, match="nothing"):
        compare(home, "nothing", "old", rows(3), plan=GatePlan())


def test_what_the_gate_said_is_kept_without_texts(home):
    judgement, _ = run(cases_of(rows(200)), says("Hm."), says("It is {status}: {items}."), plan=GatePlan())
    said = json.loads(keep(home, "new", "old", judgement=judgement, used=False).read_text())
    assert (said["candidate"], said["in_use"], said["gate"], said["put_to_use"]) == ("new", "old", "refused", False)
    assert said["judgement"]["figures"]["right"]["verdict"] == "fell"
    assert "{items}" not in json.dumps(said)
    forced = json.loads(keep(home, "new", None, judgement=None, used=True).read_text())
    assert (forced["gate"], forced["judgement"], forced["put_to_use"]) == ("not asked", None, True)
    assert len(list(home.runs.glob("*-gate-new/gate.json"))) == 2
