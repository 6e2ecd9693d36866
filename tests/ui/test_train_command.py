"""`rapport train`, `predict` and `eval intents` on files as people have them: what they print for a person."""

import pytest

from rapport.paths import HOME_VARIABLE
from ui.cli import run

MESSAGES = (
    ("Where is my parcel?", "order_status"), ("Any news on my delivery?", "order_status"),
    ("Did my boots ship today?", "order_status"), ("When will the tent be here?", "order_status"),
    ("I want my money back", "refund_status"), ("My refund has not arrived", "refund_status"),
    ("Has the refund been paid out?", "refund_status"), ("still no money for the rucksack", "refund_status"),
)  # fmt: skip
MARKUP = (("It broke [/img] on day one", "[/b] broken"), ("[red]torn[/red] at the seam", "[/b] broken"))


@pytest.fixture
def here(home, tmp_path, monkeypatch):
    """A home in the environment and a folder to write files in."""
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path, rows):
    """A CSV file of these texts and labels; `path` as the command line takes it."""
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows), encoding="utf-8")
    return str(path)


def train(file, name, *options):
    return run(["train", "intent", "--data", file, "--name", name, "--method", "head", *options])


def test_words_that_a_terminal_takes_for_markup_are_shown_as_they_are(here, capsys):
    file = table(here / "rows.csv", (*MESSAGES, *MARKUP, ("no label [/i]", "")))
    assert train(file, "ours") == 0
    assert "'no label [/i]'" in " ".join(capsys.readouterr().err.split())
    assert run(["predict", "intent", file, "--model", "ours"]) == 0
    assert "[red]torn[/red]" in capsys.readouterr().out
    assert run(["eval", "intents", "--model", "ours", "--data", file]) == 0
    assert "[/i]" in " ".join(capsys.readouterr().err.split())
    assert run(["models", "show", "ours"]) == 0
    assert "[/b] broken" in " ".join(capsys.readouterr().out.split())


def test_a_model_that_is_sure_of_nothing_is_said_to_be_and_its_name_can_be_pasted(here, capsys):
    assert train(table(here / "rows.csv", MESSAGES), "our shop") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "sure of nothing: these rows do not show that 5.0% or fewer" in said
    assert said.endswith("to use it: rapport models use 'our shop'")


def test_a_model_that_is_sure_of_something_is_not_said_to_be_sure_of_nothing(here, capsys):
    messages = [(f"{text} {number}", label) for number in range(8) for text, label in MESSAGES]
    assert train(table(here / "rows.csv", messages), "ours", "--risk", "0.2") == 0
    assert "sure of nothing" not in capsys.readouterr().out
