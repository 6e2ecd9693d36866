"""Fixtures for every test: an empty home, its records, the real encoder, the sample company, planted texts."""

import gc
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
    "tests/finetune/test_batches.py": "torch",
    "tests/finetune/test_network.py": "torch",
    "tests/rapport/test_encoders.py": "torch",
    "tests/rapport/test_models.py": "torch",
    "tests/retrieval/test_langchain.py": "torch",
    "tests/robustness/test_bad_places.py": "torch",
    "tests/robustness/test_broken_artifacts.py": "torch",
    "tests/ui/test_cli.py": "torch",
    "tests/ui/test_explain_command.py": "torch",
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
