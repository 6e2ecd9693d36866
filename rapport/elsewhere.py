"""Tell what is asked of a company of another trade: "my passport has not arrived", "change my seat on the flight".

A linear map on the encoder's vector, the hashed words and the kinds of what is named, beside it one with a hidden
layer, on the vector and the kinds alone, and the examples that lie nearest. The names of what belongs to other trades
stand as their kind, so that one that was never seen in a phrase counts as those that were. Requests to a shop and to
others make many groups each; what counts is how likely all those of a shop are together, and both maps count the same.
Kept beside a head, as safetensors.
"""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact
from rapport.hidden import Hidden
from rapport.lexical import word_sums
from rapport.nearest import Nearest

if TYPE_CHECKING:
    import numpy as np

FILE = "elsewhere.safetensors"
_HIDDEN = tuple(Hidden.__annotations__)
_LETTERS = re.compile(r"[^\W_]+")
TRADES = Path(__file__).with_name("trades.toml")
SHOP_WORDS = TRADES.with_name("shop_words.txt")  # the stems of what a shop's own customers write, a line each


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The map: weight (groups, dim), words (PLACES, groups), bias (groups,); the first `inside` groups are a shop's.

    kinds: (kinds, groups), what a kind that is named adds, in the order of `trades`. Among a text's hashed words alone
    it would count the less, the longer the text.
    base: `name@fingerprint` of the encoder. log odds = slope * score + offset; see `log_odds`.
    hidden: the map beside it, on vector and kinds side by side; of its groups, the first `hidden_inside` are a shop's.
    nearest: examples, those of a shop first, and near: what their leaning counts beside the maps'.
    """

    weight: "np.ndarray"
    words: "np.ndarray"
    kinds: "np.ndarray"
    bias: "np.ndarray"
    inside: int
    base: str
    slope: float = 1.0
    offset: float = 0.0
    hidden: Hidden | None = None
    hidden_inside: int = 0
    nearest: Nearest | None = None
    near: float = 0.0

    def log_odds(self, texts: Sequence[str], vectors: "np.ndarray") -> "np.ndarray":
        """n masked texts with their (n, dim) unit vectors to the (n,) log odds that a shop is asked."""
        import numpy as np

        masked = [by_kind(text) for text in texts]
        named = kinds_named(masked)
        logits = vectors @ self.weight.T + word_sums(masked, self.words) + named @ self.kinds + self.bias
        score = _leaning(logits, self.inside)
        if self.hidden is not None:
            score = score + _leaning(self.hidden.logits(np.hstack([vectors, named])), self.hidden_inside)
        if self.nearest is not None:
            score = score + self.near * self.nearest.leaning(vectors)
        odds: np.ndarray = self.slope * score + self.offset
        return odds


def _leaning(logits: "np.ndarray", inside: int) -> "np.ndarray":
    """(n,) how much likelier the first groups are together than the others, from their (n, groups) scores."""
    import numpy as np

    own, other = (np.logaddexp.reduce(part, axis=1) for part in (logits[:, :inside], logits[:, inside:]))
    found: np.ndarray = own - other
    return found


@functools.lru_cache(maxsize=512)
def by_kind(text: str) -> str:
    """The text with each name of another trade's thing replaced by its kind, as a word that nobody writes."""
    found = frozenset(_beginnings().keys() & _LETTERS.findall(text.casefold()))
    if not found:  # most texts
        return text
    return _pattern(found).sub(lambda name: f" zz{_kind_of()[name[1].casefold()]} ", text)


def names_other_trade(text: str) -> bool:
    """Whether something is named that belongs to another trade."""
    return by_kind(text) != text


def other_shops(text: str) -> tuple[str, ...]:
    """The names of well-known shops in a text, as they stand in the file."""
    words = _LETTERS.findall(text.casefold())
    found = frozenset(_beginnings().keys() & words)
    names = [name[1].casefold() for name in _pattern(found).finditer(text)] if found else []
    return tuple(dict.fromkeys(name for name in names if _kind_of().get(name) == "shop"))


def kinds_named(texts: Sequence[str]) -> "np.ndarray":
    """(n, kinds) ones where a text that `by_kind` gave names something of the kind, else zeros."""
    import numpy as np

    columns = {f"zz{kind}": column for column, kind in enumerate(trades())}
    named = np.zeros((len(texts), len(columns)), dtype=np.float32)
    for row, text in enumerate(texts):
        named[row, [columns[word] for word in text.split() if word in columns]] = 1.0
    return named


@functools.cache
def _beginnings() -> Mapping[str, tuple[str, ...]]:
    """The first word of a name, as it is or in the plural -> the names that begin so."""
    found: dict[str, list[str]] = {}
    for name in _kind_of():
        first = _LETTERS.findall(name)[0]
        for ending in ("", "s", "es"):
            found.setdefault(first + ending, []).append(name)
    return {first: tuple(names) for first, names in found.items()}


@functools.cache
def trades() -> Mapping[str, tuple[str, ...]]:
    """Kind -> the names of the file."""
    table = tomllib.loads(TRADES.read_text(encoding="utf-8"))
    return {kind: tuple(names.split("|")) for kind, names in table.items()}


@functools.cache
def _kind_of() -> Mapping[str, str]:
    """Name, without its article, -> kind; a name of two kinds has the first."""
    found: dict[str, str] = {}
    for kind, names in trades().items():
        for name in names:
            found.setdefault(re.sub(r"^(?:my|the|an?|your|two) ", "", name).casefold(), kind)
    return found


@functools.lru_cache(maxsize=1024)
def _pattern(beginnings: frozenset[str]) -> re.Pattern[str]:
    """Finds the names that begin with one of these words: a pattern of all names would take as long as the encoder."""
    known = {name for first in beginnings for name in _beginnings()[first]}
    names = "|".join(re.escape(name) for name in sorted(known, key=lambda name: (-len(name), name)))
    return re.compile(rf"\b({names})(?:e?s)?\b(?:['’]s)?", re.IGNORECASE)


def save_elsewhere(path: Path, map_: Elsewhere) -> None:
    """Write the map to a file."""
    import numpy as np
    from safetensors.numpy import save_file

    told = {"inside": str(map_.inside), "base": map_.base, "slope": repr(map_.slope), "offset": repr(map_.offset)}
    told |= {"hidden_inside": str(map_.hidden_inside), "near": repr(map_.near)}
    # in C order: safetensors writes memory as it lies
    tables = {"weight": map_.weight, "words": map_.words, "kinds": map_.kinds, **_parts_of(map_.hidden)}
    tensors = {name: np.ascontiguousarray(table, dtype=np.float16) for name, table in tables.items()}
    tensors["bias"] = np.ascontiguousarray(map_.bias, dtype=np.float32)
    if map_.nearest is not None:
        tensors |= _packed(map_.nearest)
        told["nearest_inside"] = str(map_.nearest.inside)
    save_file(tensors, str(path), metadata=told)


def load_elsewhere(path: Path) -> Elsewhere | None:
    """The map in a file; None where there is no such file. Raises CorruptArtifact for a file that holds none."""
    import numpy as np
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="numpy") as file:
            told = file.metadata()
            weight, words, bias = (
                np.asarray(file.get_tensor(name), dtype=np.float32) for name in ("weight", "words", "bias")
            )
            older = "kinds" not in file.keys()  # noqa: SIM118 - the file is no mapping
            kinds = np.zeros((len(trades()), len(bias))) if older else file.get_tensor("kinds")
            kinds = np.asarray(kinds, dtype=np.float32)
            inside, slope, offset = int(told["inside"]), float(told["slope"]), float(told["offset"])
            hidden = _hidden_in(file)
            first = int(told["hidden_inside"]) if hidden is not None else 0
            nearest = _nearest_in(file, told)
            near = float(told["near"]) if nearest is not None else 0.0
            return Elsewhere(
                weight, words, kinds, bias, inside, told["base"], slope, offset, hidden, first, nearest, near
            )
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise CorruptArtifact(f"{path} cannot be read ({error}).", hint="Run: rapport init") from error


def _parts_of(hidden: Hidden | None) -> dict[str, "np.ndarray"]:
    return {f"hidden.{name}": getattr(hidden, name) for name in _HIDDEN} if hidden is not None else {}


def _hidden_in(file: Any) -> Hidden | None:
    import numpy as np

    if f"hidden.{_HIDDEN[0]}" not in file.keys():  # noqa: SIM118 - the file is no mapping
        return None
    return Hidden(*(np.asarray(file.get_tensor(f"hidden.{name}"), dtype=np.float32) for name in _HIDDEN))


def _packed(nearest: Nearest) -> dict[str, "np.ndarray"]:
    """The examples in bytes: coarser by less than a hundredth of a cosine."""
    import numpy as np

    whole = np.round(nearest.examples * (127.0 / np.abs(nearest.examples).max())).astype(np.int8)
    axes = np.ascontiguousarray(nearest.axes, dtype=np.float16)
    return {"nearest.axes": axes, "nearest.examples": np.ascontiguousarray(whole)}


def _nearest_in(file: Any, told: Mapping[str, str]) -> Nearest | None:
    import numpy as np

    if "nearest.examples" not in file.keys():  # noqa: SIM118 - the file is no mapping
        return None
    axes, examples = (np.asarray(file.get_tensor(f"nearest.{name}"), dtype=np.float32) for name in ("axes", "examples"))
    inside, lengths = int(told["nearest_inside"]), np.linalg.norm(examples, axis=1, keepdims=True)
    if axes.shape[0] != examples.shape[1] or not 0 < inside < len(examples) or not lengths.all():
        raise ValueError("its examples do not fit together")
    return Nearest(axes, examples / lengths, inside)
