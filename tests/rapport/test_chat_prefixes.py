"""What prompts share at their beginning is read once, and changes no reply."""

import pytest

from rapport.chat.forward import OneByOne, choose_forward
from rapport.chat.prefixes import KEPT, Prefixes
from rapport.chat.scheduler import Request, Scheduler

# The second goes on from the first after 40 tokens, the third is the second again, the fourth begins otherwise.
CONTINUED = [list(range(10, 70)), [*range(10, 50), *range(90, 120)], [*range(10, 50), *range(90, 120)], [5, *range(60)]]


class Counted:
    """A real forward that keeps how many tokens were read into each new memory first."""

    def __init__(self, inner) -> None:
        self.inner, self.first, self.new = inner, [], False

    def begin(self):
        self.new = True
        return self.inner.begin()

    def fork(self, memory, tokens):
        self.new = True
        return self.inner.fork(memory, tokens)

    def step(self, feeds):
        if self.new:
            self.first.append(len(feeds[0][1]))
        self.new = False
        return self.inner.step(feeds)


@pytest.fixture(scope="module")
def model(tiny_chat):
    from rapport.chat.weights import load_weights

    return load_weights(str(tiny_chat("llama")), dtype="float32").model


def wanted(prompt) -> Request:
    return Request(prompt=prompt, most=20, ends=frozenset(), seconds=60.0)


def test_the_beginning_that_a_prompt_shares_with_one_before_is_not_read_again(model):
    forward = choose_forward(model)
    alone = [list(Scheduler(forward).ask(wanted(prompt))) for prompt in CONTINUED]
    scheduler = Scheduler(Counted(forward))
    assert [list(scheduler.ask(wanted(prompt))) for prompt in CONTINUED] == alone
    assert scheduler.forward.first == [len(CONTINUED[0]), len(CONTINUED[1]) - 40, 1, len(CONTINUED[3])]


def test_prompts_that_begin_alike_and_end_otherwise_do_not_disturb_each_other(model):
    forward = choose_forward(model)
    prompts = [[*CONTINUED[0][:30], 50 + row, *CONTINUED[1][-10 - row :]] for row in range(8)]
    alone = [list(Scheduler(forward).ask(wanted(prompt))) for prompt in prompts]
    scheduler = Scheduler(forward)
    list(scheduler.ask(wanted(CONTINUED[0])))
    assert [list(answer) for answer in [scheduler.ask(wanted(prompt)) for prompt in prompts]] == alone


def test_a_model_without_packed_attention_reads_every_prompt_whole(model):
    model.set_attn_implementation("sdpa")
    scheduler = Scheduler(Counted(OneByOne(model)))
    replies = [list(scheduler.ask(wanted(prompt))) for prompt in CONTINUED[:2]]
    assert scheduler.forward.first == [len(prompt) for prompt in CONTINUED[:2]]
    assert all(len(reply) == 20 for reply in replies)


def test_only_the_prompts_read_last_are_kept(model):
    prefixes = Prefixes(choose_forward(model))
    prompts = [[start, *range(20, 60)] for start in range(KEPT + 1)]
    for prompt in prompts:
        memory, unread = prefixes.begin(prompt)
        assert unread == prompt
        prefixes._forward.step([(memory, unread)])
        prefixes.keep(prompt, memory)
    assert [len(prefixes.begin(prompt)[1]) for prompt in (prompts[0], prompts[1], prompts[-1])] == [41, 1, 1]
