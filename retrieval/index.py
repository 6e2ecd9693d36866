"""An index on disk: FAISS files, term counts and passages, published whole with a card. No pickle.

One FAISS index per part, so that a search never touches a part that the viewer may not see: `public`, `staff`, and
`owned` (each owner's rows together). Which encoder, database and change it stands on is in the card.
"""

import importlib
import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rapport.cards import Card, publish, read_card
from rapport.errors import CorruptArtifact, IndexMismatch
from retrieval.content import Content, row_from_json, row_to_json
from retrieval.embed import Encoder
from retrieval.keyword import TermCounts
from retrieval.locks import locked, swapping
from retrieval.sentences import Sentences, load
from retrieval.tuning import Tuning

FORMAT = 1
PARTS = ("public", "staff", "owned")
REBUILD = "Run: rapport index build"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index stands on. seq: the last change of the store that is in it."""

    store_id: str
    seq: int
    encoder: str
    fingerprint: str
    dim: int
    chunk_words: int
    hnsw_above: int
    locale: str = "en"
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Index:
    """An index as loaded. parts: the FAISS index of each part that has rows."""

    stamp: Stamp
    version: str
    content: Content
    parts: dict[str, Any]
    sentences: Sentences
    tuning: Tuning
    made_at: str = field(default="")


def faiss_module() -> Any:
    """FAISS, loaded at first use. Its stubs miss half of its classes, so it is not typed."""
    return importlib.import_module("faiss")


def build_part(vectors: Any, *, hnsw_above: int) -> Any:
    """A FAISS index by inner product: flat, and an HNSW graph where there are more rows than `hnsw_above`."""
    faiss = faiss_module()
    dim = vectors.shape[1]
    if len(vectors) <= hnsw_above:
        part = faiss.IndexFlatIP(dim)
    else:
        part = faiss.IndexHNSWFlat(dim, 32, faiss.METRIC_INNER_PRODUCT)
        part.hnsw.efConstruction = 120
        part.hnsw.efSearch = 128
    part.add(np.ascontiguousarray(vectors))
    return part


def build_parts(content: Content, *, hnsw_above: int) -> dict[str, Any]:
    """The FAISS index of each part that has rows. Owned rows are never searched together, so they need no graph."""
    public, shared = content.bounds()
    spans = {"public": (0, public), "staff": (public, shared), "owned": (shared, len(content.rows))}
    limits = {"public": hnsw_above, "staff": hnsw_above, "owned": len(content.rows)}
    return {
        name: build_part(content.vectors[start:stop], hnsw_above=limits[name])
        for name, (start, stop) in spans.items()
        if start < stop
    }


def stored_vectors(part: Any) -> Any:
    """(n, dim) float32 view of a part's vectors; it lives as long as the part does."""
    faiss = faiss_module()
    flat = faiss.downcast_index(part.storage) if hasattr(part, "hnsw") else part
    return faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)


def save(folder: Path, index: Index) -> str:
    """Publish an index at `folder`, replacing what is there; a kill leaves the old one. Returns its version."""
    from safetensors.numpy import save_file

    content, stamp = index.content, index.stamp
    card = Card(
        name=folder.name,
        kind="index",
        base=stamp.encoder,
        data={**asdict(stamp), "passages": len(content.rows), "version": index.version},
        plan=index.tuning.to_json(),
    )
    _sweep(folder)
    with locked(swapping(folder)), publish(folder, card) as temporary:
        for name, part in index.parts.items():
            _write_part(part, temporary / f"{name}.faiss")
        arrays = {"offsets": content.counts.offsets, "terms": content.counts.terms, "counts": content.counts.counts}
        save_file(arrays, temporary / "terms.safetensors")
        (temporary / "vocabulary.json").write_text(json.dumps(content.counts.vocabulary), encoding="utf-8")
        lines = (json.dumps(row_to_json(row), ensure_ascii=True) + "\n" for row in content.rows)
        with (temporary / "passages.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(lines)
        index.sentences.save(temporary / "sentences.json")
    return index.version


def load_index(folder: Path) -> Index:
    """Read an index whole, every file checked against the card. Raises CorruptArtifact, IndexMismatch."""
    with locked(swapping(folder), shared=True):
        stamp, card = read_stamp(folder, verify=True)
        try:
            return _read(folder, stamp, card)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise CorruptArtifact(f"the index {folder} cannot be read ({error}).", hint=REBUILD) from error


def read_stamp(folder: Path, *, verify: bool = False) -> tuple[Stamp, Card]:
    """What an index stands on, from its card alone; with verify, each file is hashed as well."""
    if not (folder / "card.json").exists() and not folder.with_name(f".{folder.name}.old").exists():
        raise IndexMismatch(f"there is no index '{folder.name}' in {folder.parent}.", hint=REBUILD)
    try:
        card = read_card(folder, verify=verify)
        known = {key: value for key, value in card.data.items() if key in Stamp.__dataclass_fields__}
        stamp = _advanced(folder, Stamp(**known), card.data["version"])
    except (KeyError, TypeError) as error:
        raise CorruptArtifact(f"the card of the index {folder} is not complete ({error}).", hint=REBUILD) from error
    except CorruptArtifact as error:
        raise CorruptArtifact(error.message, hint=REBUILD) from error
    if stamp.format != FORMAT:
        text = f"the index '{folder.name}' has format {stamp.format}; this version reads {FORMAT}."
        raise IndexMismatch(text, hint=REBUILD)
    return stamp, card


def advance(folder: Path, *, version: str, seq: int) -> None:
    """Note beside an index that the changes up to `seq` leave it as it is."""
    note = _note(folder)
    temporary = note.with_suffix(".new")
    temporary.write_text(json.dumps({"version": version, "seq": seq}), encoding="utf-8")
    temporary.replace(note)


def _advanced(folder: Path, stamp: Stamp, version: str) -> Stamp:
    try:
        note = json.loads(_note(folder).read_text(encoding="utf-8"))
        seq = int(note["seq"]) if note["version"] == version else 0
    except (OSError, ValueError, KeyError, TypeError):
        return stamp  # the note only saves work: without it, the changes are read again
    return replace(stamp, seq=max(seq, stamp.seq))


def _note(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.seq.json")


def check(stamp: Stamp, *, name: str, encoder: Encoder, store_id: str) -> None:
    """Raise IndexMismatch where the index was made with another encoder or from another database."""
    if (stamp.fingerprint, stamp.dim) != (encoder.fingerprint, encoder.dim):
        raise IndexMismatch(
            f"index '{name}' was built with encoder '{stamp.encoder}' ({stamp.dim} numbers, {stamp.fingerprint}); "
            f"'{encoder.name}' ({encoder.fingerprint}) makes {encoder.dim}.",
            hint=REBUILD,
        )
    if stamp.store_id != store_id:
        raise IndexMismatch(f"index '{name}' was built from another database than the one in use.", hint=REBUILD)


def _read(folder: Path, stamp: Stamp, card: Card) -> Index:
    from safetensors.numpy import load_file

    arrays = load_file(folder / "terms.safetensors")
    vocabulary = tuple(json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
    counts = TermCounts(vocabulary, arrays["offsets"], arrays["terms"], arrays["counts"])
    with (folder / "passages.jsonl").open(encoding="utf-8") as file:
        rows = tuple(row_from_json(json.loads(line)) for line in file)
    parts = {name: _read_part(folder / f"{name}.faiss") for name in PARTS if (folder / f"{name}.faiss").exists()}
    vectors = [stored_vectors(parts[name]) for name in PARTS if name in parts]
    joined = np.concatenate(vectors) if vectors else np.empty((0, stamp.dim), np.float32)
    if not len(rows) == len(joined) == len(counts):
        raise ValueError(f"{len(rows)} passages, {len(joined)} vectors, {len(counts)} term rows")
    content = Content(rows, joined, counts)
    tuning = Tuning.from_json(card.plan)
    return Index(stamp, card.data["version"], content, parts, load(folder / "sentences.json"), tuning, card.made_at)


def _write_part(part: Any, path: Path) -> None:
    faiss = faiss_module()
    faiss.write_index(part, str(path))


def _read_part(path: Path) -> Any:
    faiss = faiss_module()
    return faiss.read_index(str(path))


def _sweep(folder: Path) -> None:
    """Remove what killed writers left; the caller holds the writing lock, so nobody is at work there."""
    for left in folder.parent.glob(f".{folder.name}.*.new"):
        shutil.rmtree(left, ignore_errors=True)
