"""Homes that cannot be written, ports that are taken, settings and databases that are broken: said, and left alone."""

import json
import os
import shutil
import socket

import pytest

from rapport.paths import Home
from ui.cli import run


def told(capsys, *words):
    code = run([*words, "--json"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)["error"]


@pytest.mark.parametrize("verb", [["init"], ["init", "--sample"]])
@pytest.mark.parametrize("place", ["/proc/rapport", "/dev/null/home"])
def test_a_home_that_cannot_be_made_is_named_with_a_way_out(capsys, verb, place):
    code, error = told(capsys, *verb, "--home", place)
    assert code == 2
    assert place in error["message"]
    assert "--home" in error["hint"]


def test_a_file_in_the_place_of_the_home_is_named_and_kept(capsys, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, error = told(capsys, "init", "--home", str(tmp_path / "file"))
    assert code == 2
    assert str(tmp_path / "file") in error["message"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("verb", [["ask", "hi"], ["index", "info"], ["serve", "--port", "0"], ["chat"]])
def test_a_home_without_a_company_says_how_to_make_one(capsys, tmp_path, verb):
    assert run([*verb, "--home", str(tmp_path / "none")]) == 2
    assert "rapport init" in capsys.readouterr().err
    assert not (tmp_path / "none").exists(), "asking must not make a home"


@pytest.mark.slow
@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, setpriv"
)
@pytest.mark.parametrize("verb", [["ask", "how do I return shoes?"], ["init"], ["index", "build"]])
def test_a_home_of_somebody_else_is_refused_and_left_as_it_is(command, clear, own_sample_home, digest, verb):
    before = digest(own_sample_home.database_file)
    for parent in (own_sample_home.root, *list(own_sample_home.root.parents)[:3]):
        parent.chmod(0o755)
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    done = command(*verb, "--home", own_sample_home.root, prefix=other)
    assert done.returncode in (1, 2)
    assert clear(done.stderr)
    assert str(own_sample_home.root).encode() in done.stderr
    assert digest(own_sample_home.database_file) == before


def test_a_port_in_use_is_named_with_a_way_out(sample_home, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = run(["serve", "--port", str(port), "--home", str(sample_home.root)])
    captured = capsys.readouterr()
    assert code == 2
    assert f"127.0.0.1:{port}" in captured.err
    assert "--port" in captured.err


def test_an_address_that_is_not_ours_is_named(sample_home, capsys):
    code = run(["serve", "--host", "192.0.2.1", "--port", "0", "--home", str(sample_home.root)])
    assert code == 2
    assert "192.0.2.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("[agent]\nmax_mesage_chars = 5", "max_message_chars"),
        ("[agent]\nmax_message_chars = 5", "from 100"),
        ("[agnet]\n", "agent"),
        ("[agent\n", "cannot be read"),
        ('[server]\nport = "eighty"', "a whole number"),
    ],
)
def test_a_wrong_setting_is_named_with_the_right_one(own_sample_home, capsys, line, word):
    own_sample_home.settings_file.write_text(line)
    code, error = told(capsys, "ask", "hi", "--home", str(own_sample_home.root))
    assert code == 2
    assert word in error["message"] + error["hint"]
    assert own_sample_home.settings_file.read_text() == line


def test_settings_that_are_not_utf8_are_named(own_sample_home, capsys):
    own_sample_home.settings_file.write_bytes(b'[company]\nname = "\xff\xfe"\n')
    code, error = told(capsys, "ask", "hi", "--home", str(own_sample_home.root))
    assert code == 2
    assert "rapport.toml" in error["message"]


@pytest.mark.parametrize("content", [b"this is no database at all, but it is long enough to be read as one" * 50, b""])
def test_a_database_that_is_none_is_named_and_not_overwritten(home, capsys, content):
    home.database_file.write_bytes(content)
    code = run(["ask", "hi", "--home", str(home.root), "--json"])
    captured = capsys.readouterr()
    assert code in (1, 2)
    assert "Traceback" not in captured.err
    assert json.loads(captured.out)["error"]["message"]
    if content:
        assert home.database_file.read_bytes() == content


@pytest.mark.parametrize("url", ["mysql://nowhere/x", "nonsense", "sqlite:////proc/none/crm.sqlite3"])
def test_a_database_that_cannot_be_reached_is_named(own_sample_home, capsys, monkeypatch, url):
    monkeypatch.setenv("RAPPORT_DATABASE_URL", url)
    code, error = told(capsys, "ask", "hi", "--home", str(own_sample_home.root))
    assert code in (1, 2)
    assert error["message"]


def test_a_home_given_with_a_tilde_is_the_persons_own(monkeypatch, tmp_path):
    from rapport.paths import find_home

    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home("~/shop") == Home(tmp_path / "shop")
