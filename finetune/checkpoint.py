"""The state of an interrupted training run: one safetensors file, replaced whole, so that a kill loses a few steps."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    import torch

FILE = "checkpoint.safetensors"


def save_checkpoint(folder: Path, tensors: Mapping[str, "torch.Tensor"], facts: Mapping[str, Any]) -> None:
    """Replace the folder's checkpoint. facts: JSON values."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{FILE}.new"
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    save_file(plain, str(temporary), metadata={"facts": json.dumps(dict(facts))})
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(folder / FILE)


def load_checkpoint(folder: Path) -> tuple[dict[str, "torch.Tensor"], dict[str, Any]] | None:
    """What `save_checkpoint` wrote last, or None. Raises CorruptArtifact for a file that cannot be read."""
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
            return tensors, json.loads(file.metadata()["facts"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{path} cannot be read ({error}).", hint="Delete it to train from the start.") from error


def optimizer_tensors(optimizer: Any) -> dict[str, "torch.Tensor"]:
    """AdamW's moments by parameter number."""
    import torch

    return {
        f"optimizer.{number}.{name}": torch.as_tensor(value)
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def restore_optimizer(optimizer: Any, tensors: Mapping[str, "torch.Tensor"]) -> None:
    """Put the moments of `optimizer_tensors` back."""
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, number, name = key.split(".", 2)
            state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
