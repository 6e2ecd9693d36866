"""The words of a shop's customers, as they are shipped."""

import pytest

from agent.strange_words import shop_words as shipped
from finetune.shop_words import make


@pytest.mark.slow
def test_the_shipped_words_are_those_of_the_messages_that_the_heads_are_fitted_on(tmp_path):
    assert make(tmp_path / "words.txt") == len(shipped())
    assert set((tmp_path / "words.txt").read_text(encoding="utf-8").split()) == shipped()
