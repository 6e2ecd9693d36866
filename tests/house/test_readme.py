"""Every command of the README and the guides is run here, or by the test that `PROVEN_BY` names."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# What cannot be run inside a test, and the test that runs it.
PROVEN_BY = {
    "make test": "this suite",
    "make lint": ".ci/run",
    "make format": ".ci/run",
    "make quick": "this suite",
    "make bench": "tests/eval/test_orders.py",
    "rapport eval orders": "tests/eval/test_orders.py",
    "rapport eval retrieval": "tests/eval/test_retrieval.py",
    "rapport eval speed": "tests/eval/test_speed.py",
    "rapport eval intents --set banking77 --seeds 1,2,3": "tests/eval/test_intents_public.py",
    "rapport eval escalation": "tests/eval/test_escalation.py",
    "rapport eval replies": "tests/eval/test_replies.py",
    "rapport eval decisions": "tests/eval/test_decisions.py",
    "rapport eval safety": "tests/eval/test_safety.py",
    "rapport eval tuning": "tests/eval/test_opticians.py",
    "rapport eval profiles": "tests/eval/test_profiles.py",
}


def commands(name: str) -> list[str]:
    """The lines of the document's `sh` blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text(), re.M | re.S)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def shell(command: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAPPORT_HOME": str(home),
        "RAPPORT_DEMO_ONCE": "1",
        "COLUMNS": "200",
    }
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=280, input=""
    )


@pytest.fixture
def desk(tmp_path, sample) -> Path:
    """A folder with the files that the README imports, and the environment where it expects it."""
    from rapport.sample.write import write_sample

    write_sample(sample, tmp_path)
    (tmp_path / ".venv").symlink_to(BIN.parent)
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(900)  # all of them in turn; each has its own limit
def test_the_commands_of_the_readme_run(desk):
    home = desk / "our-shop"
    for command in commands("README.md"):
        if command in PROVEN_BY or command.startswith(("export ", "make demo", "rapport serve")):
            continue
        folder = desk
        result = shell(command, folder, home) if home.exists() or "init" in command else None
        if result is None:  # the lines under "Try it" ask the sample company of the demo
            continue
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


@pytest.mark.slow
def test_the_demo_shows_a_conversation_and_then_answers_at_the_terminal(desk):
    makefile = {name: ROOT / name for name in ("Makefile", "pyproject.toml", "constraints.txt")}
    for name, path in makefile.items():
        shutil.copy(path, desk / name)
    (BIN.parent / ".demo").touch()  # the environment of this test run is complete
    shown = shell("make demo", desk, desk / "demo-home")
    assert shown.returncode == 0, shown.stderr
    for part in ("assistant", "source:", "/chat", "/docs"):
        assert part in shown.stdout
    for command in commands("README.md"):
        if command.startswith(".venv/bin/rapport ask"):
            result = shell(command, desk, desk / "demo-home")
            assert result.returncode == 0, result.stderr
            assert "return" in result.stdout.lower() or "norway" in result.stdout.lower()


@pytest.mark.slow
def test_the_server_starts_and_stops(sample_home):
    port = "18421"
    command = [str(BIN / "rapport"), "serve", "--home", str(sample_home.root), "--port", port]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert _answers(f"http://127.0.0.1:{port}/health/live", seconds=60)
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert "/chat" in said


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/importing.md",
        "docs/http.md",
        "docs/labelling.md",
        "docs/training.md",
        "docs/chat-models.md",
        "docs/starter.md",
        "docs/gate.md",
        "docs/reply-models.md",
        "docs/profiles.md",
    ],
)
def test_the_documents_name_only_files_and_verbs_that_exist(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / name).parent.joinpath(target).exists(), target
    for command in commands(name):
        words = shlex.split(command)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M), command


def _answers(address: str, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            time.sleep(0.2)  # not up yet
    return False
