import gzip
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eval.retrieval import bench, measure, tally
from eval.retrieval_files import Document, Question, read_corpus, read_judgements, read_questions
from eval.retrieval_public import BOUNDS, auroc, measure_public
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow, NotFound
from rapport.paths import public_data

DOCUMENTS = [
    Document("d1", "Returns", "Send shoes back within 30 days.", "hotel"),
    Document("d2", "Delivery", "Parcels take two days.", "cafe"),
    Document("d3", "Shoes", "Shoes and boots for the hills.", "cafe"),
]


@pytest.fixture
def files(tmp_path):
    rows = [{"id": one.id, "title": one.title, "text": one.text, "entity": one.entity} for one in DOCUMENTS]
    with gzip.open(tmp_path / "c.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    questions = [{"id": "q1", "text": "send shoes back"}, {"id": "q2", "text": "shoes", "entity": "cafe"}]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    (tmp_path / "r.tsv").write_text("q1\td1\t1\nq2\td3\t2\nq2\td1\t0\n")
    return tmp_path


def test_plain_and_gzipped_files_are_read(files):
    assert read_corpus(files / "c.jsonl.gz") == DOCUMENTS
    assert read_questions(files / "q.jsonl")[1] == Question("q2", "shoes", ("cafe",))
    assert read_judgements(files / "r.tsv") == {"q1": {"d1"}, "q2": {"d3"}}


def test_a_bad_row_is_named_with_its_line(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "1", "text": "a"}\n{"id": "2"}\n')
    with pytest.raises(BadRow, match=r"c\.jsonl:2 has no 'text'"):
        read_corpus(path)
    path.write_text("no json\n")
    with pytest.raises(BadRow, match=r":1 is not JSON"):
        read_corpus(path)
    with pytest.raises(NotFound):
        read_corpus(tmp_path / "absent.jsonl")


def test_a_ranking_is_counted_as_by_hand():
    # Two of three relevant documents are found, at ranks 2 and 7.
    found = ["a", "X", "b", "c", "d", "e", "Y", "f"]
    assert tally(found, {"X", "Y", "Z"}) == (0.0, 1 / 3, 2 / 3, 1 / 2)
    assert tally(found, {"nothing"}) == (0.0, 0.0, 0.0, 0.0)


def test_the_figures_of_a_small_corpus_are_right():
    place = bench(DOCUMENTS, encoder=HashingEncoder())
    questions = [Question("q1", "send shoes back"), Question("q2", "shoes", ("cafe",)), Question("q3", "unjudged")]
    figures = measure(place, questions, {"q1": {"d1"}, "q2": {"d3"}}, encoder=HashingEncoder())
    assert (figures.hit_at_1, figures.mrr_at_10, figures.recall_at_5, figures.questions) == (1.0, 1.0, 1.0, 2)


def test_a_question_about_an_entity_finds_nothing_else():
    place = bench(DOCUMENTS, encoder=HashingEncoder())
    vector = HashingEncoder().encode(["shoes"])[0]
    found = place.search(vector, "shoes", mask=place.mask(["cafe"]))
    assert {document for document, _ in found} == {"d2", "d3"}


def test_questions_without_judgements_are_an_error():
    with pytest.raises(NotFound, match="no question"):
        measure(bench(DOCUMENTS, encoder=HashingEncoder()), [Question("q", "x")], {}, encoder=HashingEncoder())


def test_auroc_counts_a_tie_half():
    assert auroc(np.array([0.9, 0.5]), np.array([0.5, 0.1])) == pytest.approx(3.5 / 4)


@pytest.mark.slow
def test_the_command_prints_the_stable_figures(files):
    from ui.cli import app

    names = ["--corpus", "c.jsonl.gz", "--queries", "q.jsonl", "--qrels", "r.tsv"]
    paths = [name if name.startswith("--") else str(files / name) for name in names]
    for mode in ("dense", "keyword", "hybrid"):
        result = CliRunner().invoke(app, ["eval", "retrieval", *paths, "--mode", mode, "--json"])
        assert result.exit_code == 0, result.output
        figures = json.loads(result.stdout)
        assert {"hit_at_1", "recall_at_5", "recall_at_10", "mrr_at_10", "ms_p50", "ms_p95"} <= set(figures)
        assert figures["mrr_at_10"] == 1.0


def test_without_public_data_their_sources_are_named(monkeypatch):
    monkeypatch.delenv("RAPPORT_PUBLIC_DATA", raising=False)
    with pytest.raises(NotFound, match="tau2-bench") as caught:
        measure_public(HashingEncoder())
    assert "RAPPORT_PUBLIC_DATA" in caught.value.hint


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_public_figures_are_reached(encoder):
    if not any(public_data(name) for name in ("banking_kb", "dstc11_track5", "curekart")):
        pytest.skip("RAPPORT_PUBLIC_DATA does not hold banking_kb, dstc11_track5 or curekart")
    for name, result in measure_public(encoder).items():
        for bound in BOUNDS[name]:
            assert bound.holds(result.figures[bound.name]), f"{name}: {bound}, {result.figures}"
