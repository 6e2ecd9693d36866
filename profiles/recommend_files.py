"""A recommender on disk: `recommender.safetensors` holds the numbers, `recommender.json` the ids and settings.

What is read back gives the same suggestions, bit for bit.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from profiles.recommend import Recommender
from profiles.recommend_signals import Fitted, RecommendPlan, State
from profiles.sequence_items import SequencePlan
from rapport.errors import CorruptArtifact

ARRAYS_FILE, FACTS_FILE = "recommender.safetensors", "recommender.json"
SPARSE = ("data", "indices", "indptr")


def save_recommender(recommender: Recommender, folder: Path) -> None:
    """Write the two files into an existing folder."""
    from safetensors.numpy import save_file

    arrays: dict[str, np.ndarray] = {}
    ids: dict[str, list[str]] = {"products": recommender.products.tolist()}
    for signal, state in recommender.fitted.states.items():
        for key, value in state.items():
            name = f"{signal}.{key}"
            if isinstance(value, np.ndarray) and value.dtype.kind == "U":
                ids[name] = value.tolist()
            else:
                arrays |= _flat(name, value)
    arrays |= _flat("along.company", recommender.company)
    facts = {
        "plan": recommender.fitted.plan.as_card(),
        "weights": dict(recommender.weights),
        "floors": dict(recommender.fitted.floors),
        "signals": list(recommender.fitted.states),
        "repeats": recommender.repeats,
        "as_of": recommender.as_of,
        "dev": dict(recommender.dev),
        "ids": ids,
    }
    save_file(arrays, folder / ARRAYS_FILE)
    (folder / FACTS_FILE).write_text(json.dumps(facts, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def load_recommender(folder: Path) -> Recommender:
    """Read what `save_recommender` wrote. Raises CorruptArtifact where a file is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        arrays = load_file(folder / ARRAYS_FILE)
        return _recommender(facts, arrays)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise CorruptArtifact(
            f"{folder} holds no readable recommender ({error}).", hint="Train it again: rapport profiles train."
        ) from error


def _flat(name: str, value: Any) -> dict[str, np.ndarray]:
    """A state's value as plain arrays: itself, those of a sparse matrix with its shape, or the weights of the net."""
    if isinstance(value, np.ndarray):
        return {name: np.ascontiguousarray(value)}
    if hasattr(value, "state_dict"):
        return {f"{name}.{key}": tensor.detach().numpy() for key, tensor in value.state_dict().items()}
    parts = {f"{name}.{part}": np.ascontiguousarray(getattr(value, part)) for part in SPARSE}
    return {**parts, f"{name}.shape": np.array(value.shape)}


def _recommender(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Recommender:
    plan_facts = dict(facts["plan"])
    sequence = plan_facts.pop("sequence")
    plan = RecommendPlan(**plan_facts, sequence=SequencePlan(**sequence) if sequence else None)
    products = np.array(facts["ids"]["products"], np.str_)
    states: dict[str, State] = {}
    for signal in facts["signals"]:
        ids = {name: np.array(names, np.str_) for name, names in facts["ids"].items()}
        states[signal] = _state(signal, arrays, ids, len(products), plan)
    return Recommender(
        products=products,
        fitted=Fitted(plan, states, facts["floors"]),
        weights={name: facts["weights"][name] for name in facts["signals"]},  # sums depend on the order
        repeats=facts["repeats"],
        as_of=facts["as_of"],
        dev=facts["dev"],
        company=_state("along", arrays, {}, len(products), plan)["company"],
    )


def _state(signal: str, arrays: Mapping[str, np.ndarray], ids: Mapping[str, np.ndarray], products: int,
           plan: RecommendPlan) -> State:  # fmt: skip
    from scipy.sparse import csr_matrix

    parts: dict[str, Any] = {}
    for source in (arrays, ids):
        for name, value in source.items():
            owner, _, key = name.partition(".")
            if owner == signal:
                parts[key] = value
    if signal == "sequence":
        return {"net": _net(parts, products, plan)}
    for key in [name.removesuffix(".indptr") for name in parts if name.endswith(".indptr")]:
        data, indices, indptr, shape = (parts.pop(f"{key}.{part}") for part in (*SPARSE, "shape"))
        parts[key] = csr_matrix((data, indices, indptr), shape=tuple(int(one) for one in shape))
    return parts


def _net(parts: Mapping[str, np.ndarray], products: int, plan: RecommendPlan) -> Any:
    import torch

    from profiles.sequence_net import ItemNet

    if plan.sequence is None:
        raise ValueError("the plan names no net")
    net = ItemNet(products, plan.sequence)
    net.load_state_dict({key.removeprefix("net."): torch.from_numpy(value) for key, value in parts.items()})
    return net.eval()
