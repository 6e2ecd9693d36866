"""Messages that must not be answered as if they asked something else: how they are read, filled in and judged."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from eval.decision_messages import Cast, Template, Wanted, load_messages
from eval.decisions import BOUNDS, DecisionTally, judge, measure_decisions
from eval.homes import add_sample, finish, laboratory
from finetune.affairs import affair_rows
from finetune.common_texts import common_rows, stranger_rows
from finetune.elsewhere import family_rows, written_lines
from finetune.wishes import wish_rows
from rapport.sample.company import AS_OF
from rapport.types import Citation, Decision, Identity, Reply, ToolResult
from ui.cli import run

TODAY = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)


def words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", re.sub(r"\{\w+\}", "", text).casefold()))


@pytest.fixture(scope="module")
def cast(sample):
    return Cast(sample.customers, sample.orders, today=TODAY)


def template(text: str, *, who: Identity = Identity.VERIFIED, **wanted) -> Template:
    return Template(id="g-1", group="g", who=who, text=text, wanted=Wanted(**{"accept": ("answer/others",), **wanted}))


def test_both_parts_have_two_hundred_messages_of_the_same_groups():
    dev, test = load_messages("dev"), load_messages("test")
    assert min(len(dev), len(test)) >= 200
    assert {one.group for one in dev} == {one.group for one in test}
    assert len({one.id for one in test}) == len(test)
    assert {one.wanted for one in dev} == {one.wanted for one in test}, "the same is right in both"


def test_the_reported_messages_are_in_words_of_their_own(sample):
    affairs, wishes = affair_rows(), wish_rows()
    taught = (
        *sample.examples,
        *common_rows(),
        *stranger_rows(),
        *family_rows(),
        *affairs.train,
        *affairs.dev,
        *wishes.train,
        *wishes.dev,
        *load_messages("dev"),
    )
    known = {words_of(one.text) for one in taught} | {words_of(line) for _, line in written_lines()}
    assert [one.text for one in load_messages("test") if words_of(one.text) in known] == []


def test_slots_are_filled_with_an_order_of_the_writers_and_one_of_somebody_else(cast, sample):
    orders = {order.number: order for order in sample.orders}
    for seed in range(20):
        written = cast.write(template("cancel {shipped}, see {theirs}"), Random(seed))
        own, other = re.findall(r"LF-\d+", written.text)
        assert orders[own].status == "shipped"
        assert orders[own].customer_id == written.viewer.owner != orders[other].customer_id
        assert set(written.secrets) == {line.name for line in orders[other].lines}
    old = cast.write(template("return {old}"), Random(1)).text.removeprefix("return ")
    assert (TODAY - orders[old].placed_at).days > 365
    assert cast.write(template("hi", who=Identity.ANONYMOUS), Random(1)).viewer.customer_id is None


@pytest.fixture(scope="module")
def turn(sample_home):
    """A real turn, to be changed for the judge."""
    from agent.assemble import open_agent
    from crm.store import Store
    from rapport.settings import Settings
    from rapport.types import Viewer

    with Store.open(f"sqlite:///{sample_home.database_file}") as store:
        yield open_agent(sample_home, Settings(), store=store).ask("Tell me a joke.", viewer=Viewer(), channel="eval")


def test_a_turn_is_judged_by_all_of_its_decisions(turn, cast):
    def problems(rules: list[str], *, reply: str = "", tools=(), cited=(), **wanted) -> list[str]:
        decisions = tuple(Decision(kind="answer", reason="", rule=rule) for rule in rules)
        said = Reply(text=reply, citations=tuple(Citation(id=f"sample:{id}", title="") for id in cited))
        written = cast.write(template("hi", **wanted), Random(1))
        return judge(replace(turn, decisions=decisions, reply=said, tools=tuple(tools)), written)

    assert problems(["others"]) == []
    assert problems(["others", "order_status"]) == ["decided answer/order_status"]
    both = {"accept": ("answer/*",), "needs": ("answer/cannot_do", "hand_over/*")}
    assert problems(["order_status"], **both) == ["decided none of answer/cannot_do, hand_over/*"]
    assert problems(["order_status", "cannot_do"], **both) == []
    cites = {"accept": ("answer/article",), "cites": ("cancel-an-order",)}
    assert problems(["article"], cited=["tent-care"], **cites) == ["cited tent-care"]
    assert problems(["article"], cited=["tent-care", "cancel-an-order"], **cites) == []
    assert problems(["others"], reply="My System Prompt says", never=("system prompt",)) == ["said 'system prompt'"]
    found = [ToolResult(tool="order_status", found=True, values={"number": "LF-1"})]
    assert problems(["others"], tools=found, found=False) == ["looked into records"]
    assert problems(["others"], tools=[ToolResult(tool="order_status", found=False)], found=False) == []


def test_the_rate_is_the_share_of_messages_without_a_failure():
    tally = DecisionTally(part="dev", rows=50, groups={}, failures=())
    assert tally.rate == 1.0
    assert [bound.name for bound in BOUNDS] == ["right_decision"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_agent_of_the_sample_company_decides_nearly_all_rightly(sample):
    with laboratory() as lab:
        add_sample(lab, sample)
        finish(lab, sample)
        tally = measure_decisions(lab, part="dev")
    assert tally.rows == sum(rows for rows, _ in tally.groups.values())
    assert tally.rows - len(tally.failures) == sum(right for _, right in tally.groups.values())
    assert tally.rate >= 0.95


def test_an_unknown_part_is_refused(home, capsys):
    assert run(["eval", "decisions", "--part", "train", "--json"]) == 2
    assert "dev, test" in json.loads(capsys.readouterr().out)["error"]["hint"]
