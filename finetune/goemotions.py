"""Read GoEmotions as sentiments: comments with 27 emotions, grouped as its authors group them.

Source: Demszky et al., GoEmotions, ACL 2020; google-research, goemotions/data (Apache-2.0).
"""

import csv
from pathlib import Path

from finetune.examples import Labelled

_POSITIVE = "admiration amusement approval caring desire excitement gratitude joy love optimism pride relief"
_NEGATIVE = "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness"


def read_goemotions(folder: Path, part: str) -> list[Labelled]:
    """The comments of a part (train, dev, test) that have one sentiment; ambiguous and mixed emotions are left out."""
    names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    groups = {**dict.fromkeys(_POSITIVE.split(), "positive"), **dict.fromkeys(_NEGATIVE.split(), "negative")}
    groups["neutral"] = "neutral"
    rows = []
    with (folder / f"{part}.tsv").open(encoding="utf-8", newline="") as file:
        for text, numbers, *_ in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            found = {groups.get(names[int(number)], "") for number in numbers.split(",")}
            if len(found) == 1 and "" not in found:
                rows.append(Labelled(text, found.pop()))
    return rows
