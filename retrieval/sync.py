"""Keep an index equal to the store's records: build it, bring it up to date, mend it, say how far behind it is.

The index is derived: whatever happens to it, `build` makes it again from the records. A changed record costs its
own passages only, and an unchanged text is never encoded twice.
"""

import logging
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crm.store import Store
from rapport.errors import CorruptArtifact, DataError, IndexMismatch
from rapport.paths import Home
from rapport.records import Article, RecordKind
from rapport.settings import RetrievalSettings
from retrieval import answerable, sentences
from retrieval.chunks import INDEXED, Cutter, Piece
from retrieval.content import Content, arrange, row_of
from retrieval.embed import Encoder, Vectors, embed
from retrieval.index import Index, Stamp, advance, build_parts, check, load_index, read_stamp, save
from retrieval.locks import locked, writing
from retrieval.search import Searcher
from retrieval.sync_report import Bar, IndexInfo, Site, SyncReport
from retrieval.terms import analyzer
from retrieval.tuning import TYPICAL_TERMS, Tuning
from retrieval.weights import choose_curves

log = logging.getLogger(__name__)
_CHANGES = 10_000


def build(
    home: Home,
    store: Store,
    *,
    encoder: Encoder,
    settings: RetrievalSettings,
    progress: Bar | None = None,
) -> SyncReport:
    """Make the index anew from all records; vectors of unchanged texts are taken from the old one."""
    site = Site(home, store, encoder, settings)
    with locked(writing(site.folder)):
        return _build(site, progress, reason="")


def update(
    home: Home,
    store: Store,
    *,
    encoder: Encoder,
    settings: RetrievalSettings,
    progress: Bar | None = None,
) -> SyncReport:
    """Bring the index up to the records. One that is missing, damaged or mismatched is built anew, and the report
    says why."""
    site = Site(home, store, encoder, settings)
    if (fresh := _fresh(site)) is not None:
        return fresh
    with locked(writing(site.folder)):
        try:
            return _update(site, _open(site), progress)
        except (IndexMismatch, CorruptArtifact) as error:
            log.warning("index %s is built anew: %s", site.name, error.message)
            return _build(site, progress, reason=error.message)


def ensure(
    home: Home,
    store: Store,
    *,
    encoder: Encoder,
    settings: RetrievalSettings,
    progress: Bar | None = None,
) -> Searcher:
    """A searcher over an index that has every change of the records; `searcher.synced` says what that took."""
    report = update(home, store, encoder=encoder, settings=settings, progress=progress)
    try:
        searcher = Searcher.open(home, store, encoder=encoder, settings=settings)
    except (IndexMismatch, CorruptArtifact) as error:
        log.warning("index main is built anew: %s", error.message)
        with locked(writing(home.indexes / "main")):
            report = _build(Site(home, store, encoder, settings), progress, reason=error.message)
        searcher = Searcher.open(home, store, encoder=encoder, settings=settings)
    searcher.synced = report
    return searcher


def info(home: Home, store: Store, name: str = "main", *, verify: bool = True) -> IndexInfo:
    """The state of an index, from its card and the store's changes; damage is reported, not raised.

    verify: hash every file as well, which costs as much as reading the index.
    """
    try:
        stamp, card = read_stamp(home.indexes / name, verify=verify)
    except DataError as error:
        missing = isinstance(error, IndexMismatch)
        return IndexInfo(name=name, state="missing" if missing else "damaged", behind=store.last_change())
    tuning = Tuning.from_json(card.plan)
    matches = stamp.store_id == store.store_id
    return IndexInfo(
        name=name,
        state="ready" if matches else "mismatched",
        passages=card.data["passages"],
        behind=store.last_change() - stamp.seq if matches else store.last_change(),
        encoder=stamp.encoder,
        version=card.data["version"],
        made_at=card.made_at,
        dense={name: round(curve.share(TYPICAL_TERMS), 3) for name, curve in tuning.curves.items()},
    )


def _fresh(site: Site) -> SyncReport | None:
    """The report of an update that has nothing to do, from the card alone; None where there is work."""
    try:
        stamp, card = read_stamp(site.folder)
        check(stamp, name=site.name, encoder=site.encoder, store_id=site.store.store_id)
    except DataError:
        return None
    if stamp != _stamp(site, stamp.seq) or site.store.last_change() != stamp.seq:
        return None
    return SyncReport(
        version=card.data["version"], passages=card.data["passages"], encoded=0, changed=0, removed=0, seconds=0.0
    )


def _open(site: Site) -> Index:
    index = load_index(site.folder)
    check(index.stamp, name=site.name, encoder=site.encoder, store_id=site.store.store_id)
    if index.stamp != _stamp(site, index.stamp.seq):
        raise IndexMismatch(f"index '{site.name}' was built with other settings than those in force.")
    return index


def _stamp(site: Site, seq: int) -> Stamp:
    return Stamp(
        store_id=site.store.store_id,
        seq=seq,
        encoder=site.encoder.name,
        fingerprint=site.encoder.fingerprint,
        dim=site.encoder.dim,
        chunk_words=site.settings.chunk_words,
        hnsw_above=site.settings.hnsw_above,
    )


def _build(site: Site, progress: Bar | None, *, reason: str) -> SyncReport:
    started = time.perf_counter()
    seq = site.store.last_change()  # before reading: what changes meanwhile is read again by the next update
    splitter = sentences.train(article.text for article in _articles(site.store))
    cutter = Cutter(site.settings.chunk_words, splitter)
    pieces = [piece for kind in INDEXED for piece in _cut_all(site.store, kind, cutter)]
    before = _before(site)
    known = _vectors_by_digest(before.content) if before else {}
    vectors, encoded = _encode(pieces, site.encoder, known, progress)
    counters = analyzer().counts(piece.searched for piece in pieces)
    content = arrange(list(zip(map(row_of, pieces), vectors, counters, strict=True)), dim=site.encoder.dim)
    curves = choose_curves(
        content,
        encoder=site.encoder,
        split=splitter,
        before=before.tuning.curves if before else {},
        known=known.keys(),
    )
    tuning = Tuning(answerable.WEIGHTS, curves)
    version = _publish(site, content, seq=seq, splitter=splitter, tuning=tuning)
    changed = len({row_of(piece).record for piece in pieces})
    return replace(_report(version, len(pieces), started), encoded=encoded, changed=changed, reason=reason)


def _update(site: Site, index: Index, progress: Bar | None) -> SyncReport:
    started = time.perf_counter()
    touched, seq = _touched(site.store, index.stamp.seq)
    if not touched:
        advance(site.folder, version=index.version, seq=seq)
        return _report(index.version, len(index.content.rows), started)
    cutter = Cutter(site.settings.chunk_words, index.sentences)
    live = {kind: site.store.fetch(kind, sorted(keys)) for kind, keys in touched.items()}
    pieces = [
        piece
        for kind, records in live.items()
        for key, record in records.items()
        for piece in cutter.cut(record, site.store.version(kind, key))
    ]
    vectors, encoded = _encode(pieces, site.encoder, _vectors_by_digest(index.content), progress)
    counters = analyzer().counts(piece.searched for piece in pieces)
    kept = index.content.without({(kind.value, key) for kind, keys in touched.items() for key in keys})
    content = arrange([*kept, *zip(map(row_of, pieces), vectors, counters, strict=True)], dim=site.encoder.dim)
    version = _publish(site, content, seq=seq, splitter=index.sentences, tuning=index.tuning)
    changed = sum(map(len, live.values()))
    report = _report(version, len(content.rows), started)
    return replace(report, encoded=encoded, changed=changed, removed=sum(map(len, touched.values())) - changed)


def _touched(store: Store, seq: int) -> tuple[dict[RecordKind, set[str]], int]:
    """The searched records that changed after `seq`, and the last change that was read."""
    touched: dict[RecordKind, set[str]] = {}
    while changes := store.changes_since(seq, limit=_CHANGES):
        seq = changes[-1].seq
        for change in changes:
            if (kind := RecordKind(change.kind)) in INDEXED:
                touched.setdefault(kind, set()).add(change.key)
    return touched, seq


def _cut_all(store: Store, kind: RecordKind, cutter: Cutter) -> Iterator[Piece]:
    for record in store.iterate(kind):
        yield from cutter.cut(record, store.version(kind, record.key))


def _articles(store: Store) -> Iterator[Article]:
    return (record for record in store.iterate(RecordKind.ARTICLES) if isinstance(record, Article))


def _before(site: Site) -> Index | None:
    """The index that is there, where its vectors can be used again."""
    try:
        index = load_index(site.folder)
        check(index.stamp, name=site.name, encoder=site.encoder, store_id=index.stamp.store_id)
    except DataError:
        return None
    return index


def _vectors_by_digest(content: Content) -> dict[str, Vectors]:
    return {row.digest: content.vectors[number] for number, row in enumerate(content.rows)}


def _encode(
    pieces: Sequence[Piece], encoder: Encoder, known: Mapping[str, Vectors], progress: Bar | None
) -> tuple[Vectors, int]:
    """Vectors of the pieces, and how many texts had to be encoded for them."""
    missing = {piece.digest for piece in pieces} - known.keys()
    task = progress.add_task("encoding passages", total=len(missing)) if progress else None

    def advance_bar(done: int, total: int) -> None:
        if progress:
            progress.update(task, completed=done, total=total)

    return embed([piece.encoded for piece in pieces], encoder, known=known, progress=advance_bar), len(missing)


def _publish(site: Site, content: Content, *, seq: int, splitter: sentences.Sentences, tuning: Tuning) -> str:
    parts = build_parts(content, hnsw_above=site.settings.hnsw_above)
    version = f"{seq}-{uuid.uuid4().hex[:8]}"
    return save(site.folder, Index(_stamp(site, seq), version, content, parts, splitter, tuning))


def _report(version: str, passages: int, started: float) -> SyncReport:
    seconds = time.perf_counter() - started
    return SyncReport(version=version, passages=passages, encoded=0, changed=0, removed=0, seconds=seconds)
