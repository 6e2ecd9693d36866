"""Run a BERT encoder on torch alone. Knows nothing of pooling or of where the files lie.

transformers and sentence-transformers run the same model, but importing them costs more CPU than all the rest of an
answer together. The numbers are the same; what is no plain BERT with mean pooling is left to them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    from torch import Tensor

PUT_BACK = "Put the files of the model there again."
WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "layer_norm_eps", "max_position_embeddings")
EMBEDDINGS = ("word_embeddings", "token_type_embeddings", "position_embeddings")
QUERY, KEY, VALUE = "attention.self.query", "attention.self.key", "attention.self.value"
MIXED, MIXED_NORM = "attention.output.dense", "attention.output.LayerNorm"
WIDE, NARROW, NORM = "intermediate.dense", "output.dense", "output.LayerNorm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of one model. window: tokens that it reads of a text; eps: the layer norms' guard against zero."""

    dim: int
    layers: int
    heads: int
    eps: float
    window: int

    @property
    def names(self) -> list[str]:
        """Every weight that the model needs, as its file names them."""
        parts = [f"{layer}{part}" for layer in self.prefixes for part in (QUERY, KEY, VALUE, MIXED, WIDE, NARROW)]
        norms = ["embeddings.LayerNorm", *(layer + part for layer in self.prefixes for part in (MIXED_NORM, NORM))]
        affine = [f"{part}.{kind}" for part in (*parts, *norms) for kind in ("weight", "bias")]
        return [*(f"embeddings.{table}.weight" for table in EMBEDDINGS), *affine]

    @property
    def prefixes(self) -> list[str]:
        return [f"encoder.layer.{number}." for number in range(self.layers)]


def shape_of(folder: Path) -> Shape | None:
    """The shape of a sentence-transformers folder with a plain BERT, mean pooling and at most a normalisation.

    None for everything else: another architecture or pooling, a prompt, an adapter, weights in several files.
    Raises CorruptArtifact where a file cannot be read.
    """
    config = _read(folder / "config.json", dict)
    if not (_is_bert(config) and _pools_by_mean(folder) and _reads_plainly(folder)):
        return None
    dim, layers, heads, eps, places = (config[size] for size in SIZES)
    limits = (
        _read(folder / "sentence_bert_config.json", dict).get("max_seq_length"),
        _read(folder / "tokenizer_config.json", dict).get("model_max_length"),
        places,
    )
    window = int(min(limit for limit in limits if limit))
    shape = Shape(dim=dim, layers=layers, heads=heads, eps=eps, window=window)
    return shape if set(shape.names) <= _names(folder) else None


class Bert:
    """A BERT model for inference. weights: by their names in the file."""

    def __init__(self, shape: Shape, weights: "dict[str, Tensor]") -> None:
        self.shape = shape
        self._weights = weights

    def __call__(self, ids: "Tensor", mask: "Tensor") -> "Tensor":
        """(n, length) token ids and their mask (1: a token, 0: padding) to (n, length, dim) hidden states."""
        from torch.nn import functional

        words, kinds, places = (self._weights[f"embeddings.{table}.weight"] for table in EMBEDDINGS)
        hidden = functional.embedding(ids, words) + kinds[0] + places[: ids.shape[1]]
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        # without padding no mask: attention is faster so
        seen = None if bool(mask.all()) else mask[:, None, None, :].bool()
        for layer in self.shape.prefixes:
            query, key, value = (self._heads(hidden, layer + part) for part in (QUERY, KEY, VALUE))
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
            mixed = self._linear(mixed.transpose(1, 2).reshape(hidden.shape), layer + MIXED)
            hidden = self._norm(mixed + hidden, layer + MIXED_NORM)
            wide = functional.gelu(self._linear(hidden, layer + WIDE))
            hidden = self._norm(self._linear(wide, layer + NARROW) + hidden, layer + NORM)
        return hidden

    def _heads(self, hidden: "Tensor", name: str) -> "Tensor":
        """(n, heads, length, dim / heads)."""
        n, length, _ = hidden.shape
        return self._linear(hidden, name).view(n, length, self.shape.heads, -1).transpose(1, 2)

    def _linear(self, hidden: "Tensor", name: str) -> "Tensor":
        from torch.nn import functional

        return functional.linear(hidden, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, hidden: "Tensor", name: str) -> "Tensor":
        from torch.nn import functional

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(hidden, (self.shape.dim,), weight, bias, self.shape.eps)


def load_bert(folder: Path, shape: Shape, *, dtype: str, device: str) -> Bert:
    """Read the weights as `dtype` onto `device`."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / WEIGHTS, framework="pt", device=device) as file:
            return Bert(shape, {name: file.get_tensor(name).to(getattr(torch, dtype)) for name in shape.names})
    except (OSError, SafetensorError) as error:
        raise CorruptArtifact(f"{folder / WEIGHTS} cannot be read: {error}", hint=PUT_BACK) from error


def _is_bert(config: dict[str, Any]) -> bool:
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and all(config.get(size) for size in SIZES)
    )


def _pools_by_mean(folder: Path) -> bool:
    chain = _read(folder / "modules.json", list)
    kinds = [str(module["type"]).rpartition(".")[2] for module in chain]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or chain[0]["path"]:
        return False
    pooling = _read(folder / chain[1]["path"] / "config.json", dict)
    # two spellings: a flag for each way of pooling, or the name of the way
    modes = [name for name, chosen in pooling.items() if name.startswith("pooling_mode_") and chosen]
    return modes == ["pooling_mode_mean_tokens"] or (pooling.get("pooling_mode") == "mean" and not modes)


def _reads_plainly(folder: Path) -> bool:
    """Whether the texts go into the tokenizer as they are and nothing is put upon the weights."""
    reading = _read(folder / "sentence_bert_config.json", dict)
    return (
        not reading.get("do_lower_case")
        and reading.get("module_output_name", "token_embeddings") == "token_embeddings"
        and not _read(folder / "config_sentence_transformers.json", dict).get("default_prompt_name")
        and not (folder / "adapter_config.json").exists()
        and bool(_read(folder / TOKENIZER, dict))
    )


def _names(folder: Path) -> set[str]:
    from safetensors import SafetensorError, safe_open

    if not (folder / WEIGHTS).is_file():
        return set()
    try:
        with safe_open(folder / WEIGHTS, framework="np") as file:
            return set(file.keys())
    except (OSError, SafetensorError) as error:
        raise CorruptArtifact(f"{folder / WEIGHTS} cannot be read: {error}", hint=PUT_BACK) from error


def _read(path: Path, kind: type) -> Any:
    """The JSON of a file, a list or an object; an empty one where there is no file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else kind()
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{path} cannot be read: {error}", hint=PUT_BACK) from error
    if not isinstance(found, kind):
        raise CorruptArtifact(f"{path} holds no JSON {'object' if kind is dict else 'list'}.", hint=PUT_BACK)
    return found
