"""Synthetic customers by a generative adversarial net (WGAN-GP): truer than a copula where there are rows enough.

Numbers are told as normal scores and categories as one of their vocabulary, which the generator draws by a relaxed
choice (Gumbel-softmax) so that the critic's slope reaches it.
Source: Gulrajani et al., NeurIPS 2017; Xu et al. (CTGAN), NeurIPS 2019.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from profiles.dnn_training import one_thread
from profiles.synthetic_columns import Columns, learn_columns
from profiles.tables import Table

PENALTY = 10.0
CRITIC_STEPS = 3
NUMBER_SCALE = 2.5  # scores are divided by it, so that numbers are no louder than categories


@dataclass(frozen=True, slots=True, kw_only=True)
class GanPlan:
    """How the net is trained. steps: of the generator; the critic has three for each."""

    noise: int = 48
    width: int = 128
    steps: int = 2_000
    batch: int = 200
    rate: float = 4e-4
    heat: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gan:
    """generator: a torch module from noise to numbers and logits."""

    columns: Columns
    plan: GanPlan
    generator: Any

    def draw(self, n: int, random: np.random.Generator) -> Table:
        """So many rows."""
        import torch

        noise = torch.from_numpy(random.standard_normal((n, self.plan.noise)).astype(np.float32))
        with torch.inference_mode():
            told = self.generator(noise).numpy().astype(np.float64)
        columns, start = self.columns, len(self.columns.numbers)
        numbers = {one.name: one.values(told[:, at] * NUMBER_SCALE) for at, one in enumerate(columns.numbers)}
        codes = []
        for one in (*columns.flags, *columns.categories):
            logits = told[:, start : start + len(one.texts)]
            codes.append((logits + random.gumbel(size=logits.shape)).argmax(1))
            start += len(one.texts)
        return columns.table(numbers, codes)


def fit_gan(table: Table, seed: int, plan: GanPlan | None = None) -> Gan:
    """Train generator and critic on these rows; the same seed makes the same net."""
    import torch

    plan = plan or GanPlan()
    columns = learn_columns(table)
    rows = torch.from_numpy(_coded(columns, table, np.random.default_rng(seed)))
    widths = [len(one.texts) for one in (*columns.flags, *columns.categories)]
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        generator = _net(plan.noise, rows.shape[1], plan.width, normed=True)
        critic = _net(rows.shape[1], 1, plan.width, normed=False)
        _train((generator, critic), rows, (len(columns.numbers), widths), plan)
    return Gan(columns=columns, plan=plan, generator=generator.eval())


def _coded(columns: Columns, table: Table, random: np.random.Generator) -> np.ndarray:
    told = columns.told(table)
    parts = [one.scores(table.numeric[one.name], random)[:, None] / NUMBER_SCALE for one in columns.numbers]
    parts += [np.eye(len(one.texts))[one.codes(told[f"flag:{one.name}"])] for one in columns.flags]
    parts += [np.eye(len(one.texts))[one.codes(told[one.name])] for one in columns.categories]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _net(inside: int, outside: int, width: int, *, normed: bool) -> Any:
    from torch import nn

    parts: list[Any] = []
    for size in (inside, width):
        parts += [nn.Linear(size, width), *([nn.BatchNorm1d(width)] if normed else []), nn.LeakyReLU(0.2)]
    return nn.Sequential(*parts, nn.Linear(width, outside))


def _train(nets: tuple[Any, Any], rows: Any, layout: tuple[int, list[int]], plan: GanPlan) -> None:
    import torch

    generator, critic = nets
    makes, judges = (torch.optim.Adam(net.parameters(), lr=plan.rate, betas=(0.5, 0.9)) for net in nets)
    for step in range(plan.steps * (CRITIC_STEPS + 1)):
        made = _relaxed(generator(torch.randn(plan.batch, plan.noise)), layout, plan.heat)
        if step % (CRITIC_STEPS + 1) < CRITIC_STEPS:
            real, made = rows[torch.randint(len(rows), (plan.batch,))], made.detach()
            between = torch.lerp(made, real, torch.rand(plan.batch, 1)).requires_grad_()
            slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0].norm(dim=1)
            loss, optimiser = critic(made).mean() - critic(real).mean() + PENALTY * ((slope - 1) ** 2).mean(), judges
        else:
            loss, optimiser = -critic(made).mean(), makes
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def _relaxed(told: Any, layout: tuple[int, list[int]], heat: float) -> Any:
    import torch

    numbers, widths = layout
    first, *rest = torch.split(told, [numbers, *widths], dim=1)
    return torch.cat([first, *(torch.nn.functional.gumbel_softmax(one, tau=heat) for one in rest)], dim=1)
