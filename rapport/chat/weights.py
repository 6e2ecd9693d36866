"""Find a causal language model, load it with its tokenizer and adapter, and say as what. Generates nothing.

Weights are safetensors, never pickle; code that comes with a model is never run.
"""

import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact, ModelError, SettingsError
from rapport.models import choose_dtype, without_bars

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to generate. window: tokens that prompt and reply may have together, None where it has no end."""

    name: str
    adapter: str
    model: Any
    tokenizer: Any
    window: int | None
    ends: frozenset[int]

    @property
    def dtype(self) -> str:
        return str(self.model.dtype).removeprefix("torch.")

    @property
    def device(self) -> str:
        return str(self.model.device)

    def describe(self) -> str:
        """What was loaded, for a person: "LlamaForCausalLM, 4,102,144 parameters, bfloat16 on cpu, …"."""
        size = sum(item.numel() for item in self.model.parameters())
        adapter = f", adapter {self.adapter}" if self.adapter else ""
        window = f", window {self.window:,} tokens" if self.window else ""
        kind = type(self.model).__name__
        return f"{kind}, {size:,} parameters, {self.dtype} on {self.device}{window}{adapter}"


def load_weights(name: str, *, adapter: str = "", dtype: str = "auto") -> Loaded:
    """Load a model by hub id or folder, with a PEFT adapter merged in.

    dtype: "auto" is bfloat16 where the processor multiplies it, else float32 (float16 on older GPUs).
    Raises SettingsError where nothing of that name is found, CorruptArtifact where weights are missing, ModelError
    where it does not load.
    """
    # Before torch loads: a waiting OpenMP thread sleeps instead of spinning.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from safetensors import SafetensorError
    from transformers import AutoTokenizer

    source = _source(name, "config.json")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    number_format = getattr(torch, _choose(dtype, device))
    with without_bars():
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(source)
            model = _model(source, number_format)
            if adapter:
                model = _with_adapter(model, adapter)
        except OSError as error:
            raise SettingsError(f"the model '{name}' is not found or incomplete: {_short(error)}", hint=HINT) from error
        except SafetensorError as error:
            raise CorruptArtifact(f"the weights of '{name}' cannot be read: {error}", hint=HINT) from error
        except (ValueError, RuntimeError, KeyError, ImportError) as error:
            raise ModelError(f"the model '{name}' does not load: {_short(error)}", hint=HINT) from error
    model = model.to(device).eval()
    loaded = Loaded(name, adapter, model, tokenizer, _window(model.config, tokenizer), _ends(model, tokenizer))
    log.info("loaded chat model %s: %s", name, loaded.describe())
    return loaded


HINT = "Give the hub id or the folder of a causal language model with safetensors weights."


def _source(name: str, file: str) -> str:
    """The folder where there is one, else the hub id as it stands."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / file).is_file():
            raise SettingsError(f"{folder} holds no {file}.", hint=HINT)
        return str(folder.absolute())
    if name.count("/") > 1 or name.startswith((".", "~", "/")):  # a hub id is NAME or OWNER/NAME
        raise SettingsError(f"there is no folder {folder}.", hint=HINT)
    return name


def _choose(dtype: str, device: str) -> str:
    if dtype != "auto" or device == "cpu":
        return choose_dtype(dtype)
    import torch

    return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"


def _model(source: str, number_format: "torch.dtype") -> Any:
    from transformers import AutoModelForCausalLM

    loading: Any = AutoModelForCausalLM.from_pretrained
    model, report = loading(
        source, dtype=number_format, use_safetensors=True, trust_remote_code=False, output_loading_info=True
    )
    if missing := sorted(report["missing_keys"]):  # transformers would fill them with random numbers
        raise CorruptArtifact(f"the weights of '{source}' lack {missing[0]}.", hint=HINT)
    return model


def _with_adapter(model: Any, adapter: str) -> Any:
    """The model with the adapter's change added to its weights, so that it runs as fast as without."""
    from huggingface_hub import snapshot_download
    from peft import PeftModel

    source = _source(adapter, ADAPTER_FILES[0])
    folder = Path(source if Path(source).is_dir() else snapshot_download(source, allow_patterns=list(ADAPTER_FILES)))
    if not (folder / ADAPTER_FILES[1]).is_file():
        raise CorruptArtifact(
            f"the adapter {folder} has no {ADAPTER_FILES[1]}.", hint="Pickled weights are never read."
        )
    with warnings.catch_warnings():  # peft asks transformers by a name that is about to go: nothing a person can mend
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        adapted = PeftModel.from_pretrained(model, str(folder))
    if not hasattr(adapted.base_model, "merge_and_unload"):
        kind = type(adapted.base_model).__name__
        raise ModelError(f"the adapter '{adapter}' ({kind}) cannot be merged.", hint="Give a LoRA adapter.")
    return adapted.merge_and_unload(safe_merge=True)


def _window(config: Any, tokenizer: Any) -> int | None:
    lengths = [getattr(config.get_text_config(), "max_position_embeddings", None), tokenizer.model_max_length]
    return min((int(length) for length in lengths if length and length < 1e9), default=None)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply, by the model's own files; the chat template may know of one more."""
    named = model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    return frozenset(token for token in (*listed, tokenizer.eos_token_id) if token is not None)


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
