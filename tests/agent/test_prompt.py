"""Prompts: the conversation so far, what gives way where there is little room, and what is said of a failed draft."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent.brief import Brief, Part, Quote
from agent.faults import faults
from agent.prompt import CHARACTERS_A_TOKEN, ROOM, Budget, budget_of, prompt_for
from agent.summarise import one_line, recent
from rapport.doubles import ScriptedChat
from rapport.types import Message, Passage, PassageId, Verdict

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def message(number: int) -> Message:
    role = "assistant" if number % 2 else "customer"
    return Message(role=role, text=f"{role} says {number}", at=NOON)


def passage(number: int, record: str) -> Passage:
    text = f"Answer {number}. " + f"Padding {number}. " * 40
    return Passage(id=PassageId(f"p{number}"), record=record, kind="articles", title=f"T{number}", text=text,
                   visibility="public")  # fmt: skip


HISTORY = tuple(message(number) for number in range(14))
BRIEF = Brief(
    parts=(Part(rule="article", lines=(Quote("Answer 1.", 1), Quote("Answer 2.", 2))),),
    passages=(passage(1, "a"), passage(2, "b")),
    question="and now?",
    history=HISTORY,
    company="C",
)


def length(prompt) -> int:
    return sum(len(part.text) for part in prompt)


def fitted(room: int) -> list:
    return prompt_for(BRIEF, budget=Budget(room, length))


def test_the_conversation_is_told_with_its_older_part_in_one_line():
    prompt = prompt_for(BRIEF)
    assert [part.type for part in prompt] == ["system", *["human", "ai"] * 4, "human"]
    assert prompt[1].text == (
        "Earlier in this conversation I wrote: “customer says 0” · “customer says 2” · “customer says 4”\n"
        "customer says 6"
    )
    assert prompt[-1].text == "and now?"


def test_messages_of_one_side_in_a_row_are_one():
    history = (message(1), message(3), message(2), replace(message(5), role="staff"), message(4))
    prompt = prompt_for(replace(BRIEF, history=history))
    assert [(part.type, part.text) for part in prompt[1:]] == [
        ("ai", "assistant says 1\nassistant says 3"), ("human", "customer says 2"), ("ai", "assistant says 5"),
        ("human", "customer says 4\nand now?"),
    ]  # fmt: skip


def test_where_there_is_room_everything_is_told():
    assert fitted(length(prompt_for(BRIEF))) == prompt_for(BRIEF)


def test_the_lowest_ranked_passage_is_cut_to_what_answers_first():
    prompt = fitted(length(prompt_for(BRIEF)) - 1)
    assert "Padding 1." in prompt[0].text
    assert "Padding 2." not in prompt[0].text
    assert "[2] T2: Answer 2." in prompt[0].text
    assert prompt[1:] == prompt_for(BRIEF)[1:]


def test_then_it_is_dropped_and_then_the_conversation_is():
    sizes, texts = [], []
    for room in range(length(prompt_for(BRIEF)), 0, -10):
        prompt = fitted(room)
        if not texts or prompt != texts[-1]:
            texts.append(prompt)
            sizes.append(length(prompt))
    assert sizes == sorted(sizes, reverse=True)
    dropped = next(place for place, prompt in enumerate(texts) if "T2" not in prompt[0].text)
    assert len(texts[dropped]) == len(texts[0])
    assert "[1] T1: Answer 1.\n" in texts[dropped][0].text + "\n"
    assert [part.type for part in texts[-1]] == ["system", "human"]
    assert "[1] T1: Answer 1." in texts[-1][0].text
    assert texts[-1][-1].text == "and now?"


def test_a_prompt_for_which_there_is_no_room_is_the_least_one():
    assert length(fitted(0)) <= min(length(fitted(room)) for room in range(0, 4000, 500))


def test_a_model_without_a_tokenizer_is_counted_by_length():
    budget = budget_of(ScriptedChat())
    assert budget.room == ROOM
    text = "x" * 40
    assert budget.count([HumanMessage(text), AIMessage(text)]) - 2 * budget.count([HumanMessage("")]) == (
        2 * 40 // CHARACTERS_A_TOKEN
    )


def test_a_models_own_tokenizer_counts():
    budget = budget_of(ScriptedChat(custom_get_token_ids=lambda text: list(range(len(text.split())))))
    words = budget.count([HumanMessage("one two three")]) - budget.count([HumanMessage("")])
    assert words == 3


@pytest.mark.slow
def test_a_model_on_this_machine_counts_with_its_template(tiny_chat):
    from rapport.chat.model import TransformersChat

    model = TransformersChat(model=str(tiny_chat("llama", max_position_embeddings=1024)), max_new_tokens=100)
    budget = budget_of(model)
    assert budget.room == 924
    prompt = prompt_for(BRIEF, budget=budget)
    assert len(model.engine.prompter.encode(prompt)) == budget.count(prompt) <= 924
    assert prompt != prompt_for(BRIEF)


def test_one_line_holds_the_last_questions_shortened():
    long = replace(message(0), text="word " * 100)
    line = one_line([*HISTORY, long])
    assert line.count("“") == 5
    assert line.endswith("word …”")
    assert len(line) < 300
    assert recent(HISTORY, 20) == ("", HISTORY)


def said(**verdict) -> str:
    return " ".join(faults(Verdict(**verdict)))


def test_a_fault_names_what_may_be_named():
    assert "2026-03-09, EUR, wool rug." in said(ungrounded=("2026-03-09", "EUR", "wool rug"))
    assert "not: 5." in said(ungrounded=("wrong field: 5",))
    assert "It leaves out: shipped, Desk Lamp." in said(rule_breaks=("leaves_out:shipped", "leaves_out:Desk Lamp"))
    assert "square brackets" in said(rule_breaks=("leaves_out:citation",))
    assert "leaves out:" not in said(rule_breaks=("leaves_out:citation",))
    assert "promise nothing" in said(rule_breaks=("promises_an_action",))
    assert "language" in said(rule_breaks=("language es",))
    assert "'new rule'" in said(rule_breaks=("new_rule",))
    assert "passages" in said(ungrounded=("[7]",))


def test_a_fault_never_names_what_may_be_another_customers():
    words = said(
        ungrounded=("W9911000", "ben@example.org", "80331", "https://example.org/ben", "name Ben Okafor"),
        leaks=("confirms W9911000", "customer ben okafor", "passage p9"),
    )
    for value in ("W9911000", "ben", "Okafor", "80331", "p9"):
        assert value.casefold() not in words.casefold().replace("number", "")
    assert len(faults(Verdict(leaks=("confirms W9911000", "tool delivery")))) == 1


def test_every_rule_has_words_of_its_own():
    from agent.faults import _words
    from prompts.render import rules

    assert {row["id"] for row in rules()["forbidden"]} <= set(_words()["breaks"])


def test_a_rewrite_reads_the_faults_and_what_was_said():
    system = prompt_for(replace(BRIEF, said="So far."), refused=Verdict(rule_breaks=("guarantee",)))[0].text
    assert "- It guarantees something." in system
    assert system.endswith("It reads:\nSo far.")
