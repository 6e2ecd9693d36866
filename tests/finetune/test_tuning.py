"""The training loop: it learns, goes on after a kill with the same weights, and halves the batch where memory ends."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import finetune.tuning as tuning
from finetune.checkpoint import FILE, load_checkpoint
from finetune.examples import Labelled
from finetune.inputs import inputs_for
from finetune.logistic import fit_linear
from finetune.network import SCALE, agreement
from finetune.parts import RUN, STEADY_STRENGTH, VOTE, _centres, train_layers
from finetune.plan import TrainingPlan
from finetune.tuning import Task, Unwatched, tune
from finetune.vectors import Encoded, VectorCache
from rapport.classifiers import local
from rapport.models import find_weights
from rapport.votes import LEAST, SHARPNESS

pytestmark = pytest.mark.slow
PLAN = TrainingPlan(method="full", layers=2, epochs=2, batch=8, seed=3)
WORDS = {
    "refund": ("money back", "refund", "reimburse me", "return the payment"),
    "delivery": ("parcel", "courier", "shipment", "package"),
    "account": ("password", "log in", "my account", "sign in"),
}


def rows(count, seed=1):
    chance = random.Random(seed)
    labels = [chance.choice(sorted(WORDS)) for _ in range(count)]
    starts = ("please help with", "question about", "problem:", "what about")
    return [Labelled(f"{chance.choice(starts)} {chance.choice(WORDS[label])} {number}", label)
            for number, label in enumerate(labels)]  # fmt: skip


@pytest.fixture(scope="module")
def parts(encoder):
    labels = tuple(sorted(WORDS))
    cache = VectorCache(encoder)
    train, dev = cache.of(rows(64)), cache.of(rows(24, seed=2))
    task = Task(
        texts=train.texts, truth=[labels.index(label) for label in train.labels], dev_texts=dev.texts,
        dev_truth=[labels.index(label) for label in dev.labels], frozen=train.vectors, centres=_centres(train, labels),
    )  # fmt: skip
    transformer = local(encoder).transformer
    return transformer, inputs_for(transformer, find_weights(), train.texts, PLAN), task


def weights(tuned):
    return {name: tensor.clone() for name, tensor in tuned.network.state_dict().items()}


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_the_inputs_tell_the_vectors_of_the_encoder_as_it_is(encoder, layers):
    here, texts = local(encoder), [row.text for row in rows(70)]
    inputs = inputs_for(here.transformer, here.folder, texts, replace(PLAN, layers=layers))
    cosines = (inputs.frozen() * encoder.encode(texts)).sum(1)
    assert cosines.min() > 0.9995


def test_training_lowers_the_loss_on_rows_it_has_not_seen(parts, tmp_path):
    transformer, inputs, task = parts
    tuned = tune(transformer, inputs, task, PLAN, folder=tmp_path, watch=Unwatched())
    (_, first, _), (_, last, accuracy) = tuned.history
    assert last < first
    assert accuracy > 0.9
    assert list(Path(tmp_path).rglob("events.out.tfevents*"))


def astray(task):
    """The task with dev rows that each look fits less: their labels are others' labels."""
    return replace(task, dev_truth=[(label + 1) % len(WORDS) for label in task.dev_truth])


def test_a_run_that_gets_better_goes_on_to_its_last_epoch(parts, tmp_path):
    transformer, inputs, task = parts
    tuned = tune(transformer, inputs, task, replace(PLAN, epochs=6), folder=tmp_path, watch=Unwatched())
    losses = [loss for _, loss, _ in tuned.history]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == 6


@pytest.mark.parametrize("patience", [1, 3])
def test_a_run_that_gets_worse_stops_and_gives_its_best_weights(parts, torch, tmp_path, patience):
    transformer, inputs, task = parts
    plan, strayed = replace(PLAN, epochs=6, patience=patience), astray(task)
    tuned = tune(transformer, inputs, strayed, plan, folder=tmp_path, watch=Unwatched())
    losses = [loss for _, loss, _ in tuned.history]
    assert len(losses) == 1 + losses.index(min(losses)) + patience
    logits = inputs.logits(tuned.network, strayed.dev_texts, device=torch.device("cpu"))
    kept = torch.nn.functional.cross_entropy(logits, torch.tensor(strayed.dev_truth))
    assert float(kept) == pytest.approx(min(losses), abs=1e-4)


def test_layers_that_were_to_agree_answer_alike_whichever_units_are_dropped(parts, torch, tmp_path):
    transformer, inputs, task = parts
    apart = {}
    for weight in (0.0, 5.0):
        plan = replace(PLAN, agree=weight, dropout=0.3)
        network = tune(transformer, inputs, task, plan, folder=tmp_path / f"{weight}", watch=Unwatched()).network
        states, mask = inputs.padded(list(range(len(task.texts))) * 2)
        torch.manual_seed(1)
        with torch.no_grad():
            apart[weight] = agreement(network.train()(states.float(), mask)[1]).item()
    assert 0.0 < apart[5.0] < 0.7 * apart[0.0]


def test_a_killed_run_goes_on_and_ends_with_the_same_weights(parts, torch, tmp_path, monkeypatch, noting):
    transformer, inputs, task = parts
    monkeypatch.setattr(tuning, "CHECKPOINT_SECONDS", 0.0)
    whole = tune(transformer, inputs, task, PLAN, folder=tmp_path / "whole", watch=Unwatched())
    with pytest.raises(KeyboardInterrupt):
        tune(transformer, inputs, task, PLAN, folder=tmp_path / "cut", watch=noting(stop_at=11))
    again = noting()
    resumed = tune(transformer, inputs, task, PLAN, folder=tmp_path / "cut", watch=again)
    assert again.steps[0] == 11  # ten steps were kept
    assert "Going on from step 10" in again.said[0]
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name
    assert resumed.history == whole.history


def test_a_kill_does_not_lose_the_best_weights(parts, torch, tmp_path, monkeypatch, noting):
    transformer, inputs, task = parts
    plan, task, seen = replace(PLAN, epochs=6), astray(task), noting()
    whole = tune(transformer, inputs, task, plan, folder=tmp_path / "whole", watch=seen)
    *_, (_, best, _), (worse, last, _) = whole.history
    assert best < last
    in_the_worse = (worse - 1) * len(seen.steps) // worse + 3
    monkeypatch.setattr(tuning, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        tune(transformer, inputs, task, plan, folder=tmp_path / "cut", watch=noting(stop_at=in_the_worse))
    resumed = tune(transformer, inputs, task, plan, folder=tmp_path / "cut", watch=Unwatched())
    assert resumed.history == whole.history
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


def test_a_checkpoint_of_another_plan_is_not_gone_on_from(parts, tmp_path, monkeypatch, noting):
    transformer, inputs, task = parts
    monkeypatch.setattr(tuning, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        tune(transformer, inputs, task, PLAN, folder=tmp_path, watch=noting(stop_at=3))
    assert load_checkpoint(tmp_path)[1]["step"] == 2
    other = noting()
    tune(transformer, inputs, task, TrainingPlan(method="full", layers=2, epochs=1, batch=8), folder=tmp_path,
         watch=other)  # fmt: skip
    assert other.steps[0] == 1


def test_checkpoints_hold_no_pickle(parts, tmp_path, monkeypatch, noting):
    transformer, inputs, task = parts
    monkeypatch.setattr(tuning, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        tune(transformer, inputs, task, PLAN, folder=tmp_path, watch=noting(stop_at=3))
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file() and "tfevents" not in path.name}
    assert kinds <= {".safetensors", ".yml"}
    assert (tmp_path / FILE).is_file()


class Scarce:
    """Inputs of a machine whose memory holds only so many rows."""

    def __init__(self, inputs, most):
        self._inputs, self._most = inputs, most
        self.start, self.lengths, self.logits = inputs.start, inputs.lengths, inputs.logits

    def padded(self, rows):
        if len(rows) > self._most:
            import torch

            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return self._inputs.padded(rows)


def test_where_memory_ends_the_batch_is_halved_and_said_so(parts, tmp_path, noting):
    transformer, inputs, task = parts
    watch = noting()
    tuned = tune(transformer, Scarce(inputs, 3), task, PLAN, folder=tmp_path, watch=watch)
    assert tuned.plan.batch == 2
    assert [sentence for sentence in watch.said if "batches of" in sentence] == [
        "The memory does not suffice; going on with batches of 4.",
        "The memory does not suffice; going on with batches of 2.",
    ]


def test_memory_that_holds_no_single_row_is_an_error(parts, tmp_path):
    transformer, inputs, task = parts
    with pytest.raises(RuntimeError, match="out of memory"):
        tune(transformer, Scarce(inputs, 0), task, PLAN, folder=tmp_path, watch=Unwatched())


def test_the_weights_of_a_soup_are_the_mean_of_its_runs(parts, encoder, tmp_path):
    transformer, inputs, task = parts
    labels = tuple(sorted(WORDS))
    train = VectorCache(encoder).of(rows(64))
    none = Encoded.none(VectorCache(encoder))
    plan = replace(PLAN, epochs=1, soup=2)
    soup = train_layers(train, none, labels, plan, VectorCache(encoder), tmp_path / "soup", Unwatched())
    bare = replace(task, dev_texts=(), dev_truth=())
    runs = [
        tune(transformer, inputs, bare, replace(PLAN, epochs=1, seed=PLAN.seed + RUN * number),
             folder=tmp_path / str(number), watch=Unwatched())
        for number in range(2)
    ]  # fmt: skip
    states = [weights(run) for run in runs]
    assert any(bool((states[0][name] != states[1][name]).any()) for name in states[0])
    for name, tensor in soup.network.state_dict().items():
        assert tensor.numpy() == pytest.approx(((states[0][name] + states[1][name]) / 2).numpy(), abs=1e-5)


def test_few_rows_have_a_map_half_way_to_a_regularised_one_and_vote_beside_it(parts, encoder, tmp_path):
    transformer, inputs, task = parts
    labels = tuple(sorted(WORDS))
    cache = VectorCache(encoder)
    train, none = cache.of(rows(64)), Encoded.none(cache)
    plan = replace(PLAN, epochs=1, contrast=1.0)
    layers = train_layers(train, none, labels, plan, cache, tmp_path / "layers", Unwatched())
    bare = replace(task, dev_texts=(), dev_truth=())
    run = tune(transformer, inputs, bare, plan, folder=tmp_path / "run", watch=Unwatched()).network
    vectors = inputs.vectors(run.top, train.texts, device="cpu").numpy()
    steady = fit_linear(replace(train, vectors=vectors), strength=STEADY_STRENGTH, wordless=True).ordered(labels)
    own = SCALE * vectors @ run.weights.detach().numpy().T + run.bias.detach().numpy()
    half = (own + vectors @ steady.weights.T + steady.bias) / 2
    near = np.exp(SHARPNESS * (vectors @ vectors.T - 1.0))
    said = layers.logits(train.texts)
    for column, label in enumerate(labels):
        votes = near[:, [one == label for one in train.labels]].sum(axis=1)
        assert said[:, column] == pytest.approx(half[:, column] + VOTE * np.log(votes + LEAST), abs=0.01)
