"""Indexes and models with missing, cut or changed files: said, rebuilt from the records or refused, never believed."""

import json

import pytest

from crm.store import Store
from rapport.records import Article
from rapport.settings import RetrievalSettings
from retrieval import sync
from ui.cli import run

QUESTION = "how do I return shoes that don't fit?"


@pytest.fixture
def search(capsys, caplog):
    """Search a home: exit code, result, and what was said, also by the log that pytest keeps from the terminal."""

    def look(home):
        caplog.clear()
        code = run(["index", "search", QUESTION, "--home", str(home.root), "--json"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, json.loads(captured.out), captured.err + caplog.text

    return look


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(byte ^ 0x5A for byte in content[middle : middle + 64])
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


HARM = [cut, garble, empty, remove]


def files_of(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def small_home(home, store, encoder):
    """A home with a dozen articles in its index: a rebuild takes a moment."""
    topics = ("shoes that don't fit", "a late parcel", "an invoice", "a gift card", "washing wool", "a lost password")
    store.upsert(
        [
            Article(source="test", source_id=f"a{n}", title=f"About {topic}", text=f"All there is to know of {topic}.")
            for n, topic in enumerate(topics)
        ]
    )
    sync.build(home, store, encoder=encoder, settings=RetrievalSettings())
    return home


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_index_is_told_and_rebuilt_from_the_records(small_home, search, digest, harm):
    """Every file in turn: the search afterwards finds what it found before, and the records are untouched."""
    index = small_home.indexes / "main"
    _, expected, said = search(small_home)
    assert (len(expected["hits"]) > 0, said) == (True, "")
    records = digest(small_home.database_file)
    for name in files_of(index):
        harm(index / name)
        code, found, said = search(small_home)
        assert code == 0, f"{name}: {found}"
        assert [hit["id"] for hit in found["hits"]] == [hit["id"] for hit in expected["hits"]], name
        assert said.strip(), f"{name}: nothing was said about the damage"
        assert digest(small_home.database_file) == records
    assert search(small_home)[2] == "", "a whole index needs no words"


@pytest.mark.slow
def test_a_damaged_index_still_lets_ask_answer_with_its_source(own_sample_home, capsys):
    index = own_sample_home.indexes / "main"
    garble(max((index / name for name in files_of(index)), key=lambda path: path.stat().st_size))
    code = run(["ask", QUESTION, "--home", str(own_sample_home.root), "--json"])
    captured = capsys.readouterr()
    assert code == 0
    assert json.loads(captured.out)["citations"]


def test_index_info_says_that_an_index_is_damaged_or_missing(own_sample_home, capsys):
    (own_sample_home.indexes / "main" / "card.json").write_text("{")
    code = run(["index", "info", "--home", str(own_sample_home.root), "--json"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert code == 0 or "rapport index build" in captured.out


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_classifier_is_named_and_not_used(own_sample_home, capsys, digest, harm):
    before = digest(own_sample_home.database_file)
    folder = next(path for path in sorted(own_sample_home.models.iterdir()) if path.is_dir())
    target = next(path for path in sorted(folder.rglob("*")) if path.suffix == ".safetensors")
    harm(target)
    code = run(["ask", "where is my order?", "--home", str(own_sample_home.root), "--json"])
    captured = capsys.readouterr()
    assert code == 1
    error = json.loads(captured.out)["error"]
    assert error["code"] == "CorruptArtifact"
    assert folder.name in error["message"]
    assert error["hint"]
    assert digest(own_sample_home.database_file) == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"intent": 7}', '{"intent": "no-such-model"}'])
def test_a_broken_pointer_to_the_models_in_use_is_named(own_sample_home, capsys, content):
    own_sample_home.current_file.write_text(content)
    code = run(["ask", "where is my order?", "--home", str(own_sample_home.root), "--json"])
    captured = capsys.readouterr()
    assert code in (1, 2)
    assert "Traceback" not in captured.err
    assert json.loads(captured.out)["error"]["hint"]
    assert own_sample_home.current_file.read_text() == content


def test_an_index_of_another_database_is_not_believed(small_home, store, search):
    """The index of one database over the records of another: the answer comes from the records."""
    store.close()
    for path in small_home.root.glob("crm.sqlite3*"):
        path.unlink()
    Store.open(f"sqlite:///{small_home.database_file}").close()
    code, found, said = search(small_home)
    assert code == 0
    assert found["hits"] == []
    assert "another database" in said
