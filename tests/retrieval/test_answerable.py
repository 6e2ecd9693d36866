import numpy as np
import pytest

from rapport.types import Viewer
from retrieval.answerable import NAMES, WEIGHTS, fit
from retrieval.tuning import Tuning


def test_the_probability_is_the_logistic_of_the_evidence():
    assert Tuning((2.0, 1.0, -1.5)).probability([0.5, 0.5]) == pytest.approx(0.5)


def test_the_fit_tells_two_groups_apart():
    draw = np.random.default_rng(5)
    answered = np.arange(200) % 2 == 0
    evidences = np.where(answered[:, None], 0.7, 0.3) + 0.05 * draw.standard_normal((200, len(NAMES)))
    tuning = Tuning(fit(evidences.tolist(), answered.tolist()))
    assert tuning.probability([0.7, 0.7]) > 0.9
    assert tuning.probability([0.3, 0.3]) < 0.1


def test_more_evidence_never_lowers_the_shipped_probability():
    tuning = Tuning(WEIGHTS)
    assert tuning.probability([0.9, 0.9]) > tuning.probability([0.9, 0.2]) > tuning.probability([0.3, 0.2])


@pytest.mark.slow
def test_questions_without_an_answer_are_told_from_those_with_one(sample, sample_home, encoder):
    from crm.store import Store
    from rapport.settings import load_settings
    from retrieval import sync

    settings = load_settings(sample_home)
    with Store.open(settings.database_url(sample_home)) as store:
        searcher = sync.ensure(sample_home, store, encoder=encoder, settings=settings.retrieval)
    questions = [question for question in sample.questions if question.split == "test"]
    vectors = encoder.encode([question.text for question in questions])
    found = [
        searcher.search(question.text, Viewer(), k=3, vector=vector)
        for question, vector in zip(questions, vectors, strict=True)
    ]
    sure = np.array([one.answerable for one in found]) >= settings.retrieval.answerable
    has = np.array([question.article is not None for question in questions])
    right = np.array(
        [
            f"sample:{question.article}" in {hit.passage.record for hit in one.hits}
            for question, one in zip(questions, found, strict=True)
        ]
    )
    assert right[has].mean() > 0.85
    assert sure[has].mean() > 0.85
    assert (~sure[~has]).mean() > 0.75
    brier = np.mean((np.array([one.answerable for one in found]) - (right & has)) ** 2)
    assert brier < 0.12
