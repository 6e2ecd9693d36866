"""docs/chat-models.md: its commands and its Python run as they stand there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from ui.cli import run

GUIDE = (Path(__file__).parents[2] / "docs" / "chat-models.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.M | re.S)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_the_guide_runs(own_sample_home, tiny_chat, tmp_path, monkeypatch, capsys):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAPPORT_HOME", str(own_sample_home.root))
    shutil.copytree(tiny_chat("qwen"), "our-model")
    base = AutoModelForCausalLM.from_pretrained("our-model")
    get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"])).save_pretrained("our-adapter")
    local, server = blocks("sh")
    for command in (*local.splitlines(), *server.splitlines(), "rapport doctor"):
        assert run(shlex.split(command)[1:]) == 0, command
    shown = " ".join(capsys.readouterr().out.split())
    assert "Qwen2ForCausalLM" in shown
    assert "./our-adapter" in shown
    assert "openai:MODEL" in shown
    (python,) = blocks("python")
    exec(compile(python, "guide", "exec"), {})
    assert capsys.readouterr().out
