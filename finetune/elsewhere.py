"""Learn what is asked of companies of other trades, once, from requests that are put together; shipped as a file.

`trades.toml` has the families, `rapport/trades.toml` most of the names that fill them; the folder beside this file has
messages as people write them, one a line. `python -m finetune.elsewhere` makes the file anew; it is calibrated on the
sample company's dev part.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from finetune.calibrate import OOS_SHARE, platt
from finetune.common_texts import common_rows, stranger_rows
from finetune.examples import Labelled, intent_rows, representative
from finetune.hidden import HiddenPlan, fit_hidden, mean_of
from finetune.logistic import fit_linear
from finetune.vectors import Encoded, VectorCache
from rapport.elsewhere import Elsewhere, by_kind, kinds_named, load_elsewhere, save_elsewhere, trades
from rapport.heads import OOS, base_name
from rapport.hidden import Hidden
from rapport.nearest import Nearest, along
from rapport.sample import build_sample
from rapport.sample.grammar import chosen, with_noise
from rapport.text import mask

if TYPE_CHECKING:
    from rapport.models import Encoder

FAMILIES = Path(__file__).with_name("trades.toml")
MESSAGES = Path(__file__).with_name("elsewhere")
FILE = Path(__file__).with_name("common") / "elsewhere.safetensors"
OUTSIDE, INSIDE = "outside", "inside"
MOST = {OUTSIDE: 25, INSIDE: 40}  # messages of a family
UTTERANCES = 200  # of the sample company, of each intent
GROUP = 12  # neighbouring families that make one group
CLUSTERS = {OUTSIDE: 100, INSIDE: 60}  # groups of the messages of either side; fewer tell the sides apart less well
FINER = {OUTSIDE: 250, INSIDE: 150}  # of the map with a hidden layer; a linear one of so many takes twice the bytes
STRENGTH, NOISE = 10.0, 0.25
NETS = 2  # with a hidden layer; one of as many units tells the sides apart less well
AXES = 192  # along which examples are compared; of all 384 little more is told
NEAR = 25.0  # of how much nearer the examples of one side lie, beside the maps; chosen on messages of six writers
KIND = 0.5  # of a kind that is named, beside a unit vector; 1 sends away more of a shop's own customers
_NEAR_EACH_OTHER = "-near-"  # in the labels of groups of messages that people might write
_SLOT = re.compile(r"\{([a-z_]+)\}")


def shipped_elsewhere(encoder: "Encoder") -> Elsewhere | None:
    """The shipped map, or None for an encoder that it was not made with."""
    found = load_elsewhere(FILE)
    return found if found is not None and found.base == base_name(encoder) else None


def family_rows(seed: int = 10) -> Iterator[Labelled]:
    """Messages of all families; the label is the group of neighbouring families, "outside-3"."""
    table = tomllib.loads(FAMILIES.read_text(encoding="utf-8"))
    slots = {name: tuple(values.split("|")) for name, values in table["slots"].items()}
    slots = {name: slots.get(name, ()) + trades().get(name, ()) for name in {*slots, *trades()}}
    for side, most in MOST.items():
        families = [line.strip() for line in table[side]["text"].splitlines() if line.strip()]
        for place, family in enumerate(families):
            texts = _rendered(family, slots, Random(f"{seed}:{side}:{place}"), most)
            yield from (Labelled(text, f"{side}-{place // GROUP}") for text in texts)


def written_lines() -> Iterator[tuple[str, str]]:
    """The messages that people might write, each with its side."""
    for side, name in ((OUTSIDE, "others"), (INSIDE, "own")):
        lines = (MESSAGES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        yield from ((side, line) for line in lines if line.strip())


def written_rows(vectors: VectorCache, clusters: Mapping[str, int] = CLUSTERS) -> Iterator[Labelled]:
    """Those messages, masked; the label is the group of those that lie near each other: "inside-near-7"."""
    from sklearn.cluster import KMeans

    for side, groups in clusters.items():
        rows = [Labelled(mask(line), side) for of, line in written_lines() if of == side]
        near = KMeans(groups, n_init=2, random_state=0).fit_predict(vectors.of(rows).vectors)
        yield from (
            replace(row, label=f"{side}{_NEAR_EACH_OTHER}{place}") for row, place in zip(rows, near, strict=True)
        )


def _rendered(family: str, slots: Mapping[str, Sequence[str]], random: Random, most: int) -> list[str]:
    """At most so many different messages of a family."""
    found: dict[str, str] = {}
    for _ in range(3 * most):
        text = _SLOT.sub(lambda slot: random.choice(slots[slot[1]]), chosen(random, family))
        text = re.sub(r" {2,}", " ", re.sub(r" +([?.!,;])", r"\1", text)).strip()
        text = re.sub(r"\ba (?=[aeio])", "an ", text)
        text = text[:1].upper() + text[1:] if random.random() < 0.4 else text
        text = with_noise(random, text, level=NOISE)
        found.setdefault(text.casefold(), text)
        if len(found) == most:
            break
    return list(found.values())


def make(encoder: "Encoder", target: Path = FILE) -> Elsewhere:
    """Learn the map and write it. Returns it."""
    import numpy as np

    vectors = VectorCache(encoder)
    splits = intent_rows(representative(build_sample().examples, train=UTTERANCES), more=common_rows())
    strangers = [Labelled(row.text, f"{OUTSIDE}-{OOS}") for row in stranger_rows()]
    known = [replace(row, label=f"{OUTSIDE}-{OOS}") if row.label == OOS else row for row in splits.train]
    plain = [*known, *strangers, *family_rows()]
    found = _linear(_by_kind(vectors.of([*plain, *written_rows(vectors)])), encoder)
    finer = vectors.of([*plain, *written_rows(vectors, FINER)])
    hidden, first = _hidden(_by_kind(finer))
    found = replace(found, hidden=hidden, hidden_inside=first, nearest=_nearest(finer), near=NEAR)
    dev = vectors.of(splits.dev)
    own = np.array([label != OOS for label in dev.labels])
    # as many out of scope as a head beside it leaves to it; `rapport.scope` takes a little off
    slope, offset = platt(found.log_odds(dev.texts, dev.vectors), own, share=1.0 - OOS_SHARE / 2)
    found = replace(found, slope=slope, offset=offset)
    save_elsewhere(target, found)
    return found


def _linear(rows: Encoded, encoder: "Encoder") -> Elsewhere:
    """The linear map, not yet calibrated."""
    import numpy as np

    linear = fit_linear(rows, strength=STRENGTH)
    labels, inside = _ordered(linear.labels)
    ordered = linear.ordered(labels)
    weights, kinds = np.split(ordered.weights, [encoder.dim], axis=1)
    return Elsewhere(weights, ordered.words, KIND * kinds.T, ordered.bias, inside, base_name(encoder))


def _hidden(rows: Encoded) -> tuple[Hidden, int]:
    """The map with a hidden layer, and how many of its groups are a shop's."""
    import numpy as np

    labels, inside = _ordered(rows.labels)
    column = {label: place for place, label in enumerate(labels)}
    truth = np.array([column[label] for label in rows.labels])
    hidden = mean_of([fit_hidden(rows.vectors, truth, inside, HiddenPlan(seed=seed)) for seed in range(NETS)])
    hidden.inner[:, rows.vectors.shape[1] - len(trades()) :] *= KIND  # at work kinds are ones
    return hidden, inside


def _nearest(rows: Encoded) -> Nearest:
    """Those of the rows that people might write, along the axes that tell most of them apart."""
    import numpy as np
    from sklearn.decomposition import TruncatedSVD

    sides = [
        rows.vectors[[label.startswith(f"{side}{_NEAR_EACH_OTHER}") for label in rows.labels]]
        for side in (INSIDE, OUTSIDE)
    ]
    axes = TruncatedSVD(AXES, random_state=0).fit(np.vstack(sides)).components_.astype(np.float32)
    return Nearest(axes, along(np.vstack(sides), axes), len(sides[0]))


def _ordered(labels: Iterable[str]) -> tuple[list[str], int]:
    """The labels, a shop's first, and how many these are."""
    ordered = sorted(set(labels), key=lambda label: (label.startswith(OUTSIDE), label))
    return ordered, sum(not label.startswith(OUTSIDE) for label in ordered)


def _by_kind(rows: Encoded) -> Encoded:
    """The rows with names as their kinds, which stand behind the vectors too."""
    import numpy as np

    texts = tuple(by_kind(text) for text in rows.texts)
    return replace(rows, texts=texts, vectors=np.hstack([rows.vectors, KIND * kinds_named(texts)]))


if __name__ == "__main__":
    from rapport.models import load_encoder

    print(make(load_encoder()).slope)
