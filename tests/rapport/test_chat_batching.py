"""Requests of several threads share forward passes, and none notices the others."""

import threading

import pytest

from rapport.chat.forward import OneByOne, Packed, choose_forward
from rapport.chat.scheduler import PART, Answer, Request, Scheduler
from rapport.errors import ModelError

PROMPTS = [[5 + (7 * row + at) % 300 for at in range(3 + 5 * row)] for row in range(8)]


class Gated:
    """A real forward that steps only when let, and keeps how many sequences each step had."""

    def __init__(self, inner) -> None:
        self.inner, self.let, self.widths, self.error = inner, threading.Semaphore(0), [], None

    def begin(self):
        return self.inner.begin()

    def fork(self, memory, tokens):
        return self.inner.fork(memory, tokens)

    def step(self, feeds):
        self.let.acquire()
        self.widths.append(len(feeds))
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self.inner.step(feeds)


@pytest.fixture(scope="module")
def models(tiny_chat):
    """Tiny models by family and number format."""
    from rapport.chat.weights import load_weights

    folders = {family: str(tiny_chat(family)) for family in ("qwen", "llama")}
    return {
        (family, dtype): load_weights(folder, dtype=dtype).model
        for family, folder in folders.items()
        for dtype in ("float32", "bfloat16")
    }


@pytest.fixture
def gated(models):
    return Gated(choose_forward(models["llama", "float32"]))


def wanted(prompt=PROMPTS[0], most=20, **more) -> Request:
    return Request(prompt=prompt, most=most, ends=frozenset(), **{"seconds": 60.0, **more})


def ended(scheduler: Scheduler) -> None:
    """Wait until the scheduler's thread is over."""
    for thread in threading.enumerate():
        if thread.name == "chat model":
            thread.join(timeout=30)
    assert scheduler.idle


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", ["qwen", "llama"])
def test_a_greedy_answer_is_that_of_transformers_alone_and_among_others(models, family, dtype, torch):
    model = models[family, dtype]
    forward = choose_forward(model)
    assert isinstance(forward, Packed)
    scheduler = Scheduler(forward)
    alone = [list(scheduler.ask(wanted(prompt))) for prompt in PROMPTS]
    together = [list(answer) for answer in [scheduler.ask(wanted(prompt)) for prompt in PROMPTS]]
    assert together == alone
    if dtype == "float32":  # in bfloat16 its own attention rounds otherwise
        model.set_attn_implementation("sdpa")
        assert alone[::4] == [bare(model, torch, prompt) for prompt in PROMPTS[::4]]


def bare(model, torch, prompt) -> list[int]:
    ids = torch.tensor([prompt])
    made = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, min_new_tokens=20, do_sample=False,
        eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    return made[0, len(prompt) :].tolist()


def test_in_bfloat16_the_logits_of_a_sequence_are_the_same_whatever_runs_beside_it(models, torch):
    forward = choose_forward(models["qwen", "bfloat16"])
    (alone,) = forward.step([(forward.begin(), PROMPTS[3])])
    together = forward.step([(forward.begin(), prompt) for prompt in PROMPTS])
    assert torch.equal(alone, together[3])


def test_a_long_prompt_is_read_in_parts_to_the_same_end(models, torch):
    model = models["llama", "float32"]
    prompt = [5 + at % 300 for at in range(PART + 100)]
    made = list(Scheduler(choose_forward(model)).ask(wanted(prompt)))
    model.set_attn_implementation("sdpa")
    assert made == bare(model, torch, prompt)


def test_a_model_with_a_sliding_window_runs_one_sequence_at_a_time_to_the_same_end(torch):
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(7)
    model = MistralForCausalLM(
        MistralConfig(
            vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, sliding_window=8, eos_token_id=None, bos_token_id=None,
        )
    ).eval()  # fmt: skip
    forward = choose_forward(model)
    assert isinstance(forward, OneByOne)
    scheduler = Scheduler(forward)
    answers = [scheduler.ask(wanted(prompt)) for prompt in PROMPTS[:3]]
    assert [list(answer) for answer in answers] == [bare(model, torch, prompt) for prompt in PROMPTS[:3]]


def test_a_model_whose_positions_depend_on_the_longest_sequence_runs_one_at_a_time(tiny_chat):
    from rapport.chat.weights import load_weights

    rope = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}
    model = load_weights(str(tiny_chat("llama", rope_parameters=rope))).model
    assert isinstance(choose_forward(model), OneByOne)


def test_a_model_whose_attention_cannot_be_replaced_keeps_its_own(models, monkeypatch):
    def other_scale(self, feeds):
        return -OneByOne.step(OneByOne(self.model), [(OneByOne(self.model).begin(), tokens) for _, tokens in feeds])

    model = models["qwen", "float32"]
    model.set_attn_implementation("sdpa")
    monkeypatch.setattr(Packed, "step", other_scale)
    assert isinstance(choose_forward(model), OneByOne)
    assert model.config._attn_implementation == "sdpa"


def test_a_request_joins_at_the_next_step_and_leaves_when_it_ends(gated):
    scheduler = Scheduler(gated)
    first = scheduler.ask(wanted(most=12))
    gated.let.release(3)
    tokens = iter(first)
    begun = [next(tokens) for _ in range(3)]
    second = scheduler.ask(wanted(PROMPTS[1], most=4))
    gated.let.release(100)
    assert len([*begun, *tokens]) == 12
    assert len(list(second)) == 4
    ended(scheduler)
    assert sum(gated.widths) == 16
    assert gated.widths[:3] == [1, 1, 1]
    assert gated.widths.count(2) == 4


def test_more_than_fit_wait_for_their_turn(gated):
    scheduler = Scheduler(gated, rows=3)
    answers = [scheduler.ask(wanted(prompt, most=4)) for prompt in PROMPTS]
    gated.let.release(100)
    assert [len(list(answer)) for answer in answers] == [4] * 8
    assert max(gated.widths) == 3


def test_a_cancelled_request_leaves_at_the_next_step_and_the_thread_ends(gated):
    scheduler = Scheduler(gated)
    answer = scheduler.ask(wanted(most=400))
    gated.let.release(2)
    tokens = iter(answer)
    next(tokens)
    answer.cancel()
    gated.let.release(400)
    ended(scheduler)
    assert len(gated.widths) <= 3


def test_a_request_that_is_cancelled_while_it_waits_never_runs(gated):
    scheduler = Scheduler(gated, rows=1)
    first, second = scheduler.ask(wanted(most=2)), scheduler.ask(wanted(most=2))
    second.cancel()
    gated.let.release(100)
    assert len(list(first)) == 2
    ended(scheduler)
    assert len(gated.widths) == 2


def test_a_request_out_of_time_is_an_error_even_where_no_step_ends(gated):
    scheduler = Scheduler(gated)
    answer = scheduler.ask(wanted(seconds=0.05))
    with pytest.raises(ModelError, match=r"longer than 0\.05 seconds"):
        list(answer)
    gated.let.release(100)
    ended(scheduler)
    assert len(gated.widths) == 1


def test_a_step_that_fails_is_an_error_for_those_under_way_and_for_no_one_else(gated):
    scheduler = Scheduler(gated)
    gated.error = RuntimeError("out of memory")
    answer = scheduler.ask(wanted())
    gated.let.release(100)
    with pytest.raises(ModelError, match="RuntimeError"):
        list(answer)
    assert len(list(scheduler.ask(wanted()))) == 20


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_leaves_no_one_waiting(gated):
    scheduler = Scheduler(gated, rows=1)
    gated.error = ZeroDivisionError()
    answers = [scheduler.ask(wanted()), scheduler.ask(wanted())]
    gated.let.release(100)
    for answer in answers:
        with pytest.raises(ModelError, match="stopped"):
            list(answer)
    assert len(list(scheduler.ask(wanted()))) == 20


@pytest.mark.parametrize("top_p", [1.0, 0.6])
def test_a_seed_gives_the_same_tokens_alone_and_among_others(models, top_p):
    scheduler = Scheduler(choose_forward(models["llama", "bfloat16"]))

    def drawn(seed: int, prompt=PROMPTS[2]) -> Answer:
        return scheduler.ask(wanted(prompt, temperature=1.0, top_p=top_p, seed=seed))

    alone = list(drawn(1))
    among = [drawn(seed, prompt) for seed, prompt in ((5, PROMPTS[4]), (1, PROMPTS[2]), (6, PROMPTS[7]))]
    assert list(among[1]) == alone
    assert list(drawn(2)) != alone


def test_a_small_top_p_draws_the_likeliest_token(models):
    scheduler = Scheduler(choose_forward(models["llama", "float32"]))
    drawn = list(scheduler.ask(wanted(temperature=1.0, top_p=0.001)))
    assert drawn == list(scheduler.ask(wanted()))


def test_an_answer_ends_at_its_last_token(models):
    scheduler = Scheduler(choose_forward(models["llama", "float32"]))
    whole = list(scheduler.ask(wanted()))
    answer = scheduler.ask(Request(prompt=PROMPTS[0], most=20, ends=frozenset([whole[5]]), seconds=60))
    assert list(answer) == whole[: whole.index(whole[5])]
    assert answer.finish == "stop"
