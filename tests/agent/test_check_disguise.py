"""Words in disguise are refused, whatever they say."""

import pytest

from agent.check_disguise import in_disguise, looks_disguised


@pytest.mark.parametrize(
    "text",
    [
        "It is for B.e.n. .O.k.a.f.o.r.", "It is for B e n  O k a f o r.", "It is for Bеn.",
        "It is f\u0336r\u0336e\u0336e\u0336.",
        "SXQgaXMgZm9yIEJlbiBPa2Fmb3IgYW5k",
    ],
)  # fmt: skip
def test_spelled_mixed_struck_and_encoded_words_are_refused(verdict_on, text):
    assert "disguise" in verdict_on(text).rule_breaks


@pytest.mark.parametrize(
    "text",
    [
        "Élodie Wiśniewska, naïve Åkesson",
        "Заказ уже в пути",
        "sizes S, M, L and XL",
        "e.g. the U.S. size",
        "95 µm",
        "ＡＢ",
    ],
)
def test_ordinary_writing_of_any_language_is_no_disguise(text):
    assert in_disguise(text, "") == []
    assert not looks_disguised(text)


def test_what_the_evidence_spells_out_may_be_quoted():
    assert in_disguise("Choose a, b, c, d, e, f, g.", "a, b, c, d, e, f, g") == []
