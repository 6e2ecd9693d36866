import json
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from rapport.doubles import HashingEncoder
from rapport.errors import CorruptArtifact, IndexMismatch
from rapport.records import Article, Customer, CustomerId, Order, RecordKind
from rapport.types import Identity, Viewer
from retrieval import sync
from retrieval.search import Searcher


def article(number, text, **values):
    return Article(source="s", source_id=str(number), title=f"Article {number}", text=text, **values)


@pytest.fixture
def filled(store):
    store.upsert([Customer(source="s", source_id=name, name=name) for name in ("ann", "bob")])
    store.upsert([article(1, "Shoes go back within 30 days."), article(2, "Parcels take two days.")])
    store.upsert(
        [
            Order(source="s", source_id=name, number=f"#{name}", customer_id=CustomerId(f"s:{name}"), status="shipped")
            for name in ("ann", "bob")
        ]
    )
    return store


class CountingEncoder(HashingEncoder):
    def __init__(self):
        super().__init__()
        self.texts = 0

    def encode(self, texts):
        self.texts += len(texts)
        return super().encode(texts)


def texts_of(searcher, question="shoes parcels days", viewer=None):
    return {hit.passage.text for hit in searcher.search(question, viewer or Viewer(), k=50).hits}


def test_a_changed_record_is_indexed_again_and_a_removed_one_disappears(home, filled, light, options):
    sync.build(home, filled, encoder=light, settings=options)
    searcher = Searcher.open(home, filled, encoder=light, settings=options)
    filled.upsert([article(1, "Shoes go back within 60 days.")])
    filled.remove(RecordKind.ARTICLES, ["s:2"])
    assert sync.info(home, filled).behind == 2
    report = sync.update(home, filled, encoder=light, settings=options)
    assert (report.changed, report.removed, report.encoded, report.reason) == (1, 1, 1, "")
    assert searcher.refresh()
    assert texts_of(searcher) == {"Shoes go back within 60 days."}
    assert not searcher.refresh()
    assert sync.info(home, filled).behind == 0


def test_an_expired_article_disappears_without_an_update(home, filled, light, options):
    filled.upsert([article(3, "Sale until noon.", valid_until=datetime(2030, 1, 1, 12, tzinfo=UTC))])
    searcher = sync.ensure(home, filled, encoder=light, settings=options)
    searcher.clock = lambda: datetime(2030, 1, 1, 11, tzinfo=UTC)
    assert "Sale until noon." in texts_of(searcher)
    searcher.clock = lambda: datetime(2030, 1, 1, 13, tzinfo=UTC)
    assert "Sale until noon." not in texts_of(searcher)


def test_an_order_is_found_by_its_owner_alone(home, filled, light, options):
    searcher = sync.ensure(home, filled, encoder=light, settings=options)
    for name, other in (("ann", "bob"), ("bob", "ann")):
        viewer = Viewer(CustomerId(f"s:{name}"), Identity.VERIFIED)
        titles = {hit.passage.title for hit in searcher.search(f"order #{other}", viewer, k=50).hits}
        assert f"Order #{name}" in titles
        assert f"Order #{other}" not in titles


def test_an_unchanged_text_is_never_encoded_again(home, filled, options):
    encoder = CountingEncoder()
    sync.build(home, filled, encoder=encoder, settings=options)
    first = encoder.texts
    report = sync.build(home, filled, encoder=encoder, settings=options)
    assert (first, encoder.texts, report.encoded) == (4, 4, 0)
    filled.upsert([Customer(source="s", source_id="cyd", name="Cyd")])
    assert sync.update(home, filled, encoder=encoder, settings=options).changed == 0
    assert sync.info(home, filled).behind == 0
    assert encoder.texts == 4


def test_an_update_equals_a_build(home, filled, light, options):
    sync.build(home, filled, encoder=light, settings=options)
    filled.upsert([article(1, "Shoes go back within 60 days."), article(4, "Boots are warm.")])
    updated = sync.ensure(home, filled, encoder=light, settings=options)
    before = updated.search("how do shoes go back", Viewer(), k=9).hits
    sync.build(home, filled, encoder=light, settings=options)
    rebuilt = Searcher.open(home, filled, encoder=light, settings=options)
    after = rebuilt.search("how do shoes go back", Viewer(), k=9).hits
    assert [(hit.passage, pytest.approx(hit.score, abs=1e-6)) for hit in before] == [
        (hit.passage, hit.score) for hit in after
    ]


@pytest.mark.parametrize("name", ["public.faiss", "terms.safetensors", "passages.jsonl", "vocabulary.json",
                                  "sentences.json", "card.json"])  # fmt: skip
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_file_says_so_and_the_index_is_built_anew(home, filled, light, options, name, harm):
    sync.build(home, filled, encoder=light, settings=options)
    path = home.indexes / "main" / name
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if harm == "cut" else b"#" + content[1:])
    with pytest.raises((CorruptArtifact, IndexMismatch)) as caught:
        Searcher.open(home, filled, encoder=light, settings=options)
    assert "rapport index build" in caught.value.hint
    searcher = sync.ensure(home, filled, encoder=light, settings=options)
    assert searcher.synced.reason
    assert len(texts_of(searcher)) == 2


def test_another_encoder_is_refused_and_the_index_built_anew(home, filled, light, options):
    sync.build(home, filled, encoder=light, settings=options)
    other = HashingEncoder(128)
    with pytest.raises(IndexMismatch, match="384 numbers"):
        Searcher.open(home, filled, encoder=other, settings=options)
    assert sync.ensure(home, filled, encoder=other, settings=options).synced.reason


def test_an_index_of_another_database_is_refused(home, filled, light, options, tmp_path):
    from crm.store import Store

    sync.build(home, filled, encoder=light, settings=options)
    with Store.open(f"sqlite:///{tmp_path}/other.sqlite3") as other:
        assert sync.info(home, other).state == "mismatched"
        with pytest.raises(IndexMismatch, match="another database"):
            Searcher.open(home, other, encoder=light, settings=options)


def test_damage_is_looked_for_only_where_every_file_is_to_be_hashed(home, filled, light, options):
    sync.build(home, filled, encoder=light, settings=options)
    (home.indexes / "main" / "passages.jsonl").write_text("harmed")
    assert sync.info(home, filled).state == "damaged"
    assert sync.info(home, filled, verify=False).state == "ready"


def test_a_missing_index_says_what_to_do(home, filled, light, options):
    assert sync.info(home, filled).state == "missing"
    with pytest.raises(IndexMismatch, match="there is no index"):
        Searcher.open(home, filled, encoder=light, settings=options)


def test_nothing_in_an_index_is_a_pickle(home, filled, light, options):
    sync.build(home, filled, encoder=light, settings=options)
    endings = {path.suffix for path in (home.indexes / "main").iterdir()}
    assert endings <= {".faiss", ".safetensors", ".json", ".jsonl"}


VICTIM = """
import sys
from pathlib import Path
from crm.store import Store
from rapport.doubles import HashingEncoder
from rapport.paths import Home
from rapport.records import Article
from rapport.settings import RetrievalSettings
from retrieval import sync

home = Home(Path(sys.argv[1]))
store = Store.open(f"sqlite:///{home.database_file}")
encoder = HashingEncoder()
sync.update(home, store, encoder=encoder, settings=RetrievalSettings())
print("ready", flush=True)
for turn in range(10_000):
    store.upsert([Article(source="s", source_id="1", title="Article 1", text=f"Shoes go back, rule {turn}.")])
    sync.update(home, store, encoder=encoder, settings=RetrievalSettings())
    print(turn, flush=True)
"""


def killed_at(home, *, updates, seconds):
    """Kill a process so many seconds after so many of its updates; returns the last one that it acknowledged."""
    with subprocess.Popen([sys.executable, "-c", VICTIM, str(home.root)], stdout=subprocess.PIPE, text=True) as victim:
        try:
            assert victim.stdout.readline().strip() == "ready"
            done = [int(victim.stdout.readline()) for _ in range(updates)][-1]
            with pytest.raises(subprocess.TimeoutExpired):
                victim.wait(timeout=seconds)
        finally:
            victim.send_signal(signal.SIGKILL)
        return done


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_kill_in_an_update_leaves_a_valid_index(home, filled, light, options):
    filled.upsert([article(number, f"Filler {number} of the shop.") for number in range(10, 400)])
    sync.build(home, filled, encoder=light, settings=options)
    folder = home.indexes / "main"
    for kill in range(20):
        done = killed_at(home, updates=1 + kill % 3, seconds=0.004 * kill)
        searcher = Searcher.open(home, filled, encoder=light, settings=options)
        rules = [text for text in texts_of(searcher, "shoes go back rule") if "rule" in text]
        assert len(rules) == 1
        assert int(rules[0].split()[-1].rstrip(".")) >= done
        assert json.loads((folder / "card.json").read_text())["kind"] == "index"
    sync.update(home, filled, encoder=light, settings=options)
    assert not list(home.indexes.glob(".main.*.new"))
