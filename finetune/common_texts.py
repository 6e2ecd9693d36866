"""Messages that customers of any shop write, by intent: they teach the default head what no single company shows."""

import tomllib
from pathlib import Path

from finetune.examples import Labelled

FOLDER = Path(__file__).with_name("common")


def common_rows() -> tuple[Labelled, ...]:
    """All messages of the files in `finetune/common`, a row each."""
    rows: list[Labelled] = []
    for file in sorted(FOLDER.glob("*.toml")):
        for intent, lines in tomllib.loads(file.read_text(encoding="utf-8")).items():
            rows.extend(Labelled(line.strip(), intent) for line in lines.splitlines() if line.strip())
    return tuple(rows)
