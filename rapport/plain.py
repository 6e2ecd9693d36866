"""Which sentence-transformers folders hold a plain BERT with mean pooling. Reads their small files; loads no model.

Such a model runs on transformers alone, without the import of sentence-transformers, and its layers can be shared.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rapport.errors import CorruptArtifact

PUT_BACK = "Put the files of the model there again."
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one model. dim: numbers in a vector; window: tokens that it reads of a text."""

    dim: int
    window: int


def shape_of(folder: Path) -> Shape | None:
    """The shape of a sentence-transformers folder with a plain BERT, mean pooling and at most a normalisation.

    None for everything else: another architecture or pooling, a prompt, an adapter.
    Raises CorruptArtifact where a file cannot be read.
    """
    config = _read(folder / "config.json", dict)
    if not (_is_bert(config) and _pools_by_mean(folder) and _reads_plainly(folder)):
        return None
    limits = (
        _read(folder / "sentence_bert_config.json", dict).get("max_seq_length"),
        _read(folder / "tokenizer_config.json", dict).get("model_max_length"),
        config["max_position_embeddings"],
    )
    return Shape(int(config["hidden_size"]), int(min(limit for limit in limits if limit)))


def _is_bert(config: dict[str, Any]) -> bool:
    sizes = config.get("hidden_size") and config.get("max_position_embeddings")
    return config.get("model_type") == "bert" and bool(sizes) and not config.get("is_decoder")


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


def _read(path: Path, kind: type) -> Any:
    """The JSON of a file, a list or an object; an empty one where there is no file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else kind()
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{path} cannot be read: {error}", hint=PUT_BACK) from error
    if not isinstance(found, kind):
        raise CorruptArtifact(f"{path} holds no JSON {'object' if kind is dict else 'list'}.", hint=PUT_BACK)
    return found
