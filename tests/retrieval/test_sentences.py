import pytest

from rapport.errors import CorruptArtifact
from retrieval.sentences import load, plain, sentences, train


def test_a_line_break_ends_a_sentence_and_marks_are_taken_off():
    assert sentences("- **Free** returns\n- [Form](https://x.test) inside. Print it.") == [
        "Free returns",
        "Form inside.",
        "Print it.",
    ]


def test_common_abbreviations_do_not_end_a_sentence():
    assert len(sentences("We deliver to shops, e.g. in Lyon, by approx. 9 a.m. on weekdays. Ask us.")) == 2


def test_a_saved_splitter_splits_the_same(tmp_path):
    texts = [f"Size nr. {number} is for Dept. {number}. It fits." for number in range(60)]
    splitter = train(texts)
    splitter.save(tmp_path / "s.json")
    assert load(tmp_path / "s.json")(texts[3]) == splitter(texts[3])


def test_a_damaged_file_says_so(tmp_path):
    (tmp_path / "s.json").write_text('{"abbreviations": 3}')
    with pytest.raises(CorruptArtifact):
        load(tmp_path / "s.json")


def test_underscores_inside_words_stay():
    assert plain("use snake_case_name and 3 * 4") == "use snake_case_name and 3 * 4"
