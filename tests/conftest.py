"""Fixtures for every test: an empty home, its records, the real encoder, the sample company, planted texts."""

import gc
import importlib.util
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from rapport.paths import HOME_VARIABLE, Home

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as where a model is loaded; here torch may load before
if "PYTEST_XDIST_WORKER" in os.environ:  # a worker for each core already
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# At a desk every run looks at other examples; in CI always at the same ones, so that a change alone can break it.
settings.register_profile("desk", max_examples=40, deadline=None)
settings.register_profile("ci", max_examples=40, deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Making the sample company's home trains classifiers and builds an index, so what needs it is slow."""
    for item in items:
        if "sample_home" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """What the test files imported stays: without this every look for garbage goes through it for half a second."""
    gc.freeze()


# Tests that share what is dear to make, and so run in one process: fitted heads, the sample company, torch and models.
TOGETHER = {
    "tests/agent/": "shop",
    "tests/rapport/test_sample": "sample",
    "tests/finetune/test_preference": "torch",
    "tests/eval/test_reply_": "torch",
    "tests/finetune/test_batches.py": "torch",
    "tests/finetune/test_causal.py": "torch",
    "tests/finetune/test_network.py": "torch",
    "tests/rapport/test_chat_": "torch",
    "tests/rapport/test_encoders.py": "torch",
    "tests/rapport/test_models.py": "torch",
    "tests/rapport/test_replies.py": "torch",
    "tests/retrieval/test_langchain.py": "torch",
    "tests/robustness/test_bad_places.py": "torch",
    "tests/robustness/test_broken_artifacts.py": "torch",
    "tests/ui/test_cli.py": "torch",
    "tests/ui/test_explain_command.py": "torch",
    "tests/ui/test_models_command.py": "torch",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal out files, not single tests, and what `TOGETHER` names as one."""
    from xdist.scheduler import LoadFileScheduling

    class Dealer(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return next((name for start, name in TOGETHER.items() if nodeid.startswith(start)), nodeid.split("::")[0])

    return Dealer(config, log)


@pytest.fixture(autouse=True)
def _own_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the home of the person who runs it; one without a folder of its own can have none."""
    writes = "tmp_path" in request.fixturenames
    own = request.getfixturevalue("tmp_path") / "home" if writes else Path(os.devnull) / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(own))
    for name in ("RAPPORT_DATABASE_URL", "RAPPORT_CHAT_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and no record. A copy of it costs a tenth of migrating a new one."""
    from crm.store import Store

    path = tmp_path_factory.mktemp("blank") / "crm.sqlite3"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(home: Home, blank_database: Path) -> Iterator["object"]:
    from crm.store import Store

    shutil.copy(blank_database, home.database_file)
    with Store.open(f"sqlite:///{home.database_file}") as opened:
        yield opened


PLANTED = {
    "track_parcel": ("track", "parcel", "courier", "arriving", "depot", "tracking"),
    "refund_money": ("refund", "money", "reimburse", "paid", "amount", "account"),
    "gift_card": ("gift", "card", "voucher", "balance", "redeem", "birthday"),
    "login_password": ("login", "password", "locked", "reset", "username", "signin"),
    "shoe_size": ("shoe", "size", "fits", "larger", "width", "measure"),
    "invoice_tax": ("invoice", "tax", "vat", "billing", "receipt", "company"),
}


@pytest.fixture(scope="session")
def planted() -> Callable[..., list[tuple[str, str]]]:
    """Make (text, intent) pairs in random order: texts of one intent share most words, those of two share none."""

    def make(each: int = 16, *, seed: int = 0, intents: tuple[str, ...] = tuple(PLANTED)) -> list[tuple[str, str]]:
        chance = random.Random(seed)
        rows = [
            (f"{' '.join(chance.sample(PLANTED[intent], 5))} {chance.choice('abcdefghij')}{number}", intent)
            for intent in intents
            for number in range(each)
        ]
        chance.shuffle(rows)
        return rows

    return make


@pytest.fixture(scope="session")
def torch():
    """The library, loaded by the tests that use it and not while the others are collected."""
    import torch

    return torch


@pytest.fixture(scope="session")
def ray():
    """Ray on this machine, started once: two processes work."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install 'rapport[scale]'")
    from rapport.on_ray import connected

    with connected() as ray:
        yield ray


@pytest.fixture(scope="session")
def encoder():
    from rapport.models import load_encoder
    from rapport.settings import EncoderSettings

    return load_encoder(EncoderSettings())


@pytest.fixture(scope="session")
def sample():
    from rapport.sample import build_sample

    return build_sample()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after `rapport init --sample`. Tests that write use `own_sample_home`."""
    from ui.setup import set_up

    home = Home(tmp_path_factory.mktemp("sample") / "home")
    set_up(home, sample=True, quiet=True)
    return home


@pytest.fixture
def own_sample_home(sample_home: Home, tmp_path: Path) -> Home:
    """A private copy of the sample company's home."""
    shutil.copytree(sample_home.root, tmp_path / "home", dirs_exist_ok=True)
    return Home(tmp_path / "home")


QWEN_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
LLAMA_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n'"
    " + message.content | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
CHAT_MODELS: dict[str, dict[str, Any]] = {
    "qwen": {
        "template": QWEN_TEMPLATE, "eos_token": "<|endoftext|>", "more": ["<|im_start|>", "<|im_end|>"],
        "plain": ["<think>", "</think>"], "tied": True,
    },
    "llama": {
        "template": LLAMA_TEMPLATE, "eos_token": "<|end_of_text|>", "bos_token": "<|begin_of_text|>",
        "more": ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "plain": [], "tied": False,
    },
}  # fmt: skip
LINES = (
    "Where is my order #W2611340? It was shipped on 5 March 2026, with two enamel mugs.",
    "You can return it within 45 days of delivery, free of charge. Größe, ñandú, 東京.",
)


@pytest.fixture(scope="session")
def tiny_chat(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a folder with a tiny causal language model of random weights, its byte-level BPE and its chat template."""

    def make(family: str, **shape: Any) -> Path:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

        folder = tmp_path_factory.mktemp(family)
        tokenizer = _byte_tokenizer(**CHAT_MODELS[family])
        size = {
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 512, **shape,
        }  # fmt: skip
        own = {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
        own["tie_word_embeddings"] = CHAT_MODELS[family]["tied"]
        torch.manual_seed(7)
        config = Qwen2Config(**size, **own) if family == "qwen" else LlamaConfig(**size, **own)
        model = (Qwen2ForCausalLM if family == "qwen" else LlamaForCausalLM)(config)
        with torch.no_grad():
            for weights in model.parameters():  # as they are made, all tokens are about as likely
                weights.mul_(6 if weights.dim() > 1 else 1)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def publish_reply() -> Callable[..., Path]:
    """Publish the files of a folder as a reply model of a home, with a card."""
    from rapport.cards import Card, publish

    def make(home: Home, name: str, files: Path, **told: Any) -> Path:
        card = Card(**{"name": name, "kind": "reply", "base": "made for a test", **told})
        with publish(home.models / name, card) as temporary:
            shutil.copytree(files, temporary, dirs_exist_ok=True)
        return home.models / name

    return make


def _byte_tokenizer(*, template: str, more: list[str], plain: list[str], tied: bool, **named: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(
        LINES * 3, trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=inner, extra_special_tokens=more, **named)
    tokenizer.add_tokens(plain)
    tokenizer.chat_template = template
    return tokenizer
