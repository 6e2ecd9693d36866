"""The command line on the sample company: every verb, its JSON, its exit codes."""

import io
import json
import shutil

import pytest

from rapport.registry import ROLES, current, history, use
from rapport.settings import load_settings
from ui.cli import run
from ui.setup import renew_heads

VERBS = ("init", "import", "index", "ask", "chat", "serve", "models", "settings", "doctor", "eval", "tickets")


def result(capsys, *arguments: str, code: int = 0):
    """Run a verb with --json and give what it printed."""
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def here(sample_home, monkeypatch):
    """The sample company's home as the one in the environment; nothing is written to it."""
    monkeypatch.setenv("RAPPORT_HOME", str(sample_home.root))
    return sample_home


def test_help_names_every_verb(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {verb} " in shown for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    assert run([verb, "--help"]) == 0
    assert "--help" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["ask"], ["index", "search", "x", "-k", "0"], ["ask", "x", "--nope"]]
)
def test_wrong_use_ends_with_2(arguments, capsys):
    assert run(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("verb", [["ask", "hello"], ["index", "info"], ["serve"], ["chat"]])
def test_a_home_that_was_never_made_says_what_to_run(verb, capsys):
    assert run(verb) == 2
    assert "rapport init" in capsys.readouterr().err


def test_an_error_is_json_where_json_was_asked_for(capsys):
    said = result(capsys, "ask", "hello", code=2)["error"]
    assert said["code"] == "NotFound"
    assert "rapport init" in said["hint"]


def test_a_setting_is_changed_and_shown_and_secrets_are_not(home, capsys):
    assert result(capsys, "settings", "server.port", "9001") == {"server.port": 9001}
    assert load_settings(home).server.port == 9001
    result(capsys, "settings", "verify.secret", "x" * 40)
    shown = result(capsys, "settings")
    assert shown["verify.secret"] == "(set)"
    assert run(["settings", "server.prt"]) == 2


def test_a_name_with_brackets_is_shown_as_it_is(home, capsys):
    assert run(["settings", "company.name", "[/b] & [red]Co"]) == 0
    assert run(["settings"]) == 0
    assert capsys.readouterr().out.count("[/b] & [red]Co") == 2


def test_the_doctor_shows_paths_with_brackets_as_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "[red]" / "[b]"))
    assert run(["doctor"]) == 1
    assert "[red]/[b]" in "".join(capsys.readouterr().out.split())


def test_the_doctor_says_what_is_missing(home, capsys):
    checks = {check["check"]: check for check in result(capsys, "doctor", code=1)["checks"]}
    assert checks["encoder"]["passed"]
    assert not checks["records"]["passed"]
    assert "rapport init" in checks["records"]["hint"]


def test_the_doctor_makes_no_database(home, capsys):
    result(capsys, "doctor", code=1)
    assert not home.database_file.exists()


def test_the_doctor_says_what_writes_the_replies(home, capsys, tiny_chat):
    def seen() -> dict:
        checks = result(capsys, "doctor", code=1)["checks"]
        return next(check for check in checks if check["check"] == "chat model")

    assert seen()["seen"].startswith("starter: LlamaForCausalLM, 3,737,856 parameters")
    folder = tiny_chat("llama")
    result(capsys, "settings", "agent.chat_model", f"transformers:{folder}")
    assert seen()["seen"].startswith(f"transformers:{folder}: LlamaForCausalLM, ")
    result(capsys, "settings", "agent.chat_model", "transformers:./nowhere")
    assert not seen()["passed"]


def test_the_doctor_names_every_classifier_in_use(home, monkeypatch):
    from ui.commands import doctor

    used = {"intent": "i-1", "sentiment": "s-1", "escalation": "e-1"}
    monkeypatch.setattr("rapport.registry.current", lambda home, role: used.get(role))
    monkeypatch.setattr("rapport.cards.read_card", lambda folder: None)
    assert doctor._classifiers(home, load_settings(home)) == "intent i-1, sentiment s-1, escalation e-1"


@pytest.mark.slow
def test_the_doctor_finds_a_missing_index(own_sample_home, capsys):
    shutil.rmtree(own_sample_home.indexes / "main")
    checks = {check["check"]: check for check in result(capsys, "doctor", code=1)["checks"]}
    assert "rapport index build" in checks["index"]["hint"]


@pytest.mark.slow
def test_the_doctor_finds_the_sample_company_well(here, capsys):
    report = result(capsys, "doctor")
    assert report["passed"], report


@pytest.mark.slow
def test_a_question_is_answered_from_the_right_article(here, capsys):
    answer = result(capsys, "ask", "how do I return shoes that don't fit?")
    assert [citation["id"] for citation in answer["citations"]] == ["sample:return-an-item"]
    assert answer["decision"] == "answer"
    assert answer["intent"] == "return_item"
    assert answer["state"] == "bot"
    assert -1 <= answer["sentiment"] <= 1
    assert 0.5 < answer["in_scope"] <= 1
    assert {"understand", "know", "decide", "act", "compose", "write", "check", "log"} <= set(answer["ms"])


@pytest.mark.slow
def test_an_explanation_names_what_led_to_the_answer(here, capsys):
    answer = result(capsys, "ask", "how do I return shoes that don't fit?", "--explain")
    why = answer["explain"]
    assert why["decisions"][0]["rule"]
    assert why["hits"][0]["title"]
    assert set(why["models"]) >= {"intent", "sentiment"}
    assert run(["ask", "how long is the warranty?", "--explain"]) == 0
    printed = capsys.readouterr().out
    assert "warranty" in printed.lower()
    assert "Decided\n  answer (article): " in printed
    assert "intent: intent-" in printed
    assert "{" not in printed, "read by people"


@pytest.mark.slow
def test_an_unknown_customer_and_a_proof_without_a_claim_are_refused(here, capsys):
    assert result(capsys, "ask", "where is my order?", "--customer", "nobody", code=2)["error"]["code"] == "NotFound"
    assert "--customer" in result(capsys, "ask", "hi", "--verified", code=2)["error"]["hint"]


@pytest.mark.slow
def test_models_are_listed_shown_switched_and_rolled_back(own_sample_home, capsys):
    listed = {row["kind"]: row for row in result(capsys, "models", "list")}
    name = listed["intent"]["name"]
    assert listed["intent"]["in_use"]
    assert result(capsys, "models", "show", name)["kind"] == "intent"
    assert result(capsys, "models", "use", name)["in_use"] == name
    assert result(capsys, "models", "rollback", "intent", code=2)["error"]["code"] == "Refused"
    assert result(capsys, "models", "show", "nothing", code=2)["error"]["code"] == "NotFound"
    assert run(["models", "list"]) == 0
    assert run(["models", "show", name]) == 0
    assert name in capsys.readouterr().out


@pytest.mark.slow
def test_the_index_says_what_it_holds_and_is_searched_as_a_customer(here, capsys):
    info = result(capsys, "index", "info")
    assert info["behind"] == 0
    assert info["passages"] > 1000
    hits = result(capsys, "index", "search", "return shoes", "-k", "3")["hits"]
    assert len(hits) == 3
    assert run(["index", "search", "return shoes"]) == 0
    assert "answerable" in capsys.readouterr().out


@pytest.mark.slow
def test_a_conversation_in_the_terminal_keeps_its_thread(own_sample_home, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("How long is the warranty?\nThanks!\n\n"))
    assert run(["chat"]) == 0
    shown = capsys.readouterr().out
    assert "2 years" in shown
    assert shown.count("> ") == 3


@pytest.mark.slow
def test_a_conversation_is_read_by_a_program_line_by_line(own_sample_home, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("Where is my order?\n" + "x" * 9000 + "\nIs anybody there?\n"))
    assert run(["chat", "--json"]) == 0
    first, refused, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["decision"] == "ask"
    assert "at most" in refused["error"]["hint"]
    assert last["reply"]


@pytest.mark.parametrize("verb", ["ask", "chat", "doctor", "import", "init", "serve", "settings"])
def test_every_verb_takes_json_and_home(verb, capsys):
    run([verb, "--help"])
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "--home" in shown


def classifiers(capsys):
    """What the doctor says of them; all is well."""
    found = result(capsys, "doctor")
    assert found["passed"]
    return next(check["seen"] for check in found["checks"] if check["check"] == "classifiers")


@pytest.mark.slow
def test_init_again_renews_the_classifiers_of_an_older_version_and_leaves_a_companys_own(own_sample_home, capsys):
    models, names = own_sample_home.models, {role: current(own_sample_home, role) for role in ROLES}

    def copied(role, name):
        shutil.copytree(models / names[role], models / name)
        card = json.loads((models / name / "card.json").read_text(encoding="utf-8"))
        (models / name / "card.json").write_text(json.dumps({**card, "name": name}), encoding="utf-8")
        use(own_sample_home, role, name)

    copied("escalation", "escalation-0123abcd")
    copied("sentiment", "moods")
    assert "not what this version makes: escalation; rapport init" in classifiers(capsys)
    (models / names["intent"] / "head.safetensors").write_bytes(b"damaged")
    again = result(capsys, "init")
    assert [model["name"] for model in again["models"]] == [
        *[names["intent"], "moods"],
        names["escalation"],
        names["finished"],
    ]
    assert history(own_sample_home, "escalation")[-2:] == ("escalation-0123abcd", names["escalation"])
    assert classifiers(capsys).endswith(names["finished"])
    use(own_sample_home, "escalation", "escalation-0123abcd")
    assert renew_heads(own_sample_home) == ["escalation"]  # as the demo does
    assert current(own_sample_home, "escalation") == names["escalation"]
    before = (models / names["intent"] / "card.json").read_bytes()
    assert result(capsys, "init")["models"] == again["models"]
    assert (models / names["intent"] / "card.json").read_bytes() == before


@pytest.mark.slow
def test_init_again_keeps_the_models_in_use_and_mends_a_damaged_one(own_sample_home, capsys):
    name = result(capsys, "models", "list")[0]["name"]
    card = own_sample_home.models / name / "card.json"
    before = card.read_bytes()
    again = result(capsys, "init", "--sample")
    assert card.read_bytes() == before
    assert again["records"]["customers"] == 400
    (own_sample_home.models / name / "head.safetensors").write_bytes(b"damaged")
    assert run(["init", "--json"]) == 0
    capsys.readouterr()
    assert result(capsys, "models", "show", name)["name"] == name
    assert result(capsys, "doctor")["passed"]
