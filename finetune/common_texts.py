"""Messages that customers of any shop write, by intent, and messages that no shop answers.

They teach the default head what no single company shows.
"""

import tomllib
from pathlib import Path

from finetune.examples import Labelled
from rapport.heads import OOS

FOLDER = Path(__file__).with_name("common")
STRANGERS = Path(__file__).with_name("strangers.toml")


def common_rows() -> tuple[Labelled, ...]:
    """All messages of the files in `finetune/common`, a row each."""
    rows: list[Labelled] = []
    for file in sorted(FOLDER.glob("*.toml")):
        for intent, lines in tomllib.loads(file.read_text(encoding="utf-8")).items():
            rows.extend(Labelled(line.strip(), intent) for line in lines.splitlines() if line.strip())
    return tuple(rows)


def stranger_rows() -> tuple[Labelled, ...]:
    """Messages out of scope to compare others with, beyond those that the head is fitted on."""
    lines = tomllib.loads(STRANGERS.read_text(encoding="utf-8"))[OOS].splitlines()
    return tuple(Labelled(line.strip(), OOS) for line in lines if line.strip())
