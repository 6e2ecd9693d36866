"""A customer as a few numbers: an autoencoder over the feature table. Who lies near whom is a look-alike.

The net sees rows in which some cells were swapped for those of another customer, and learns to write down what stood
there before, through a layer of `size` numbers (a denoising autoencoder: Vincent et al., ICML 2008). `profiles.encode`
tells numbers in pieces, which keep outliers in bounds, and categories as one of their vocabulary.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.encode import Encoding, encode, encoding_of, fit_encoding
from profiles.plain_layers import Linear, silu
from profiles.tables import Table
from rapport.errors import CorruptArtifact, NotFound, UserError

if TYPE_CHECKING:
    import numpy as np

FACTS, WEIGHTS = "embedding.json", "embedding.safetensors"
LEAST_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingPlan:
    """How the autoencoder is made. size: of the embedding. swapped: share of the cells that are another's."""

    seed: int = 42
    size: int = 16
    width: int = 64
    pieces: int = 4
    swapped: float = 0.2
    epochs: int = 120
    batch: int = 128
    rate: float = 3e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedder:
    """network: a torch module, encoder then decoder. middle, spread: (columns,), what standardises encoded rows.

    narrow: the two layers of the encoder, as they stand.
    """

    plan: EmbeddingPlan
    encoding: Encoding
    middle: "np.ndarray"
    spread: "np.ndarray"
    network: Any
    narrow: tuple[Linear, Linear] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "narrow", (Linear.of(self.network[0][0]), Linear.of(self.network[0][2])))

    def embed(self, table: Table) -> "np.ndarray":
        """(n, size) float32 unit vectors, so that the inner product of two is their likeness."""
        import numpy as np

        first, second = self.narrow
        raw = second(silu(first((_dense(table, self.encoding) - self.middle) / self.spread)))
        found: np.ndarray = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)
        return found

    def save(self, folder: Path) -> None:
        """Write the facts and the weights."""
        import torch
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        facts = {"plan": asdict(self.plan), "encoding": self.encoding.as_json()}
        (folder / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
        weights = {f"net.{name}": value for name, value in self.network.state_dict().items()}
        scale = {"middle": torch.from_numpy(self.middle), "spread": torch.from_numpy(self.spread)}
        save_file({**weights, **scale}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> "Embedder":
        """Read what `save` wrote. Raises CorruptArtifact where a file is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            plan, encoding = EmbeddingPlan(**facts["plan"]), encoding_of(facts["encoding"])
            tensors = load_file(folder / WEIGHTS)
            middle, spread = tensors.pop("middle").numpy(), tensors.pop("spread").numpy()
            network = _network(len(middle), plan)
            network.load_state_dict({name.removeprefix("net."): value for name, value in tensors.items()})
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
            raise CorruptArtifact(
                f"{folder} holds no readable embedding ({error}).", hint="Train it again: rapport profiles train"
            ) from error
        return cls(plan=plan, encoding=encoding, middle=middle, spread=spread, network=network.eval())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookalikes:
    """Customers and their embeddings. vectors: (n, size) unit vectors."""

    customers: "np.ndarray"
    vectors: "np.ndarray"

    def alike(self, customer: str, k: int = 5) -> list[tuple[str, float]]:
        """The k customers nearest to one, the nearest first, with the cosine; fewer where there are not so many.

        Raises NotFound for a customer who is not among them.
        """
        import numpy as np

        rows = np.flatnonzero(self.customers == customer)
        if not len(rows):
            raise NotFound(f"customer '{customer}' has no embedding.", hint="Run: rapport profiles train")
        likeness = self.vectors @ self.vectors[rows[0]]
        likeness[rows] = -np.inf
        order = np.argsort(-likeness, kind="stable")[: min(k, len(likeness) - len(rows))]
        return [(str(self.customers[place]), float(likeness[place])) for place in order]


def fit_embedding(table: Table, plan: EmbeddingPlan) -> Embedder:
    """Learn an embedding of these rows. Raises UserError for too few of them.

    A column that is constant carries nothing and does no harm; a value unseen here is told as unseen later.
    """
    import numpy as np

    if len(table) < LEAST_ROWS:
        raise UserError(f"{len(table)} customers are too few to tell who is alike; {LEAST_ROWS} are needed.",
                        hint="Give more customers.")  # fmt: skip
    encoding = fit_encoding(table, pieces=plan.pieces)
    rows = _dense(table, encoding)
    middle, spread = rows.mean(0), rows.std(0)
    spread = np.where(spread < 1e-6, 1.0, np.maximum(spread, 0.1)).astype(np.float32)  # a rare value is no outlier
    network = _trained((rows - middle) / spread, plan)
    return Embedder(plan=plan, encoding=encoding, middle=middle, spread=spread, network=network)


def _dense(table: Table, encoding: Encoding) -> "np.ndarray":
    """(n, columns) float32: numbers in pieces, and one column for each value of each vocabulary."""
    import numpy as np

    encoded = encode(table, encoding)
    hot = [
        np.eye(category.places, dtype=np.float32)[encoded.places[:, at]]
        for at, category in enumerate(encoding.categories)
    ]
    return np.concatenate([encoded.numbers, *hot], axis=1)


def _network(columns: int, plan: EmbeddingPlan) -> Any:
    from torch import nn

    narrow = nn.Sequential(nn.Linear(columns, plan.width), nn.SiLU(), nn.Linear(plan.width, plan.size))
    wide = nn.Sequential(nn.Linear(plan.size, plan.width), nn.SiLU(), nn.Linear(plan.width, columns))
    return nn.Sequential(narrow, wide)


def _trained(rows: "np.ndarray", plan: EmbeddingPlan) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        network = _network(rows.shape[1], plan)
        optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=1e-3)
        steps = plan.epochs * -(-len(rows) // plan.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=steps)
        right: Any = torch.from_numpy(rows)
        for _ in range(plan.epochs):
            for part in torch.split(torch.randperm(len(right)), plan.batch):
                other = right[torch.randint(len(right), (len(part),))]
                seen = torch.where(torch.rand(len(part), rows.shape[1]) < plan.swapped, other, right[part])
                loss: Any = torch.nn.functional.mse_loss(network(seen), right[part])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                schedule.step()
    return network.eval()
