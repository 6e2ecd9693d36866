"""The customers of a home, or as many of a large one as fit into memory, always the same."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from profiles.gathering import Moment, Money
from profiles.history import History, merged
from profiles.reading import read_blocks
from rapport.records import RecordKind

if TYPE_CHECKING:
    from crm.store import Store


def sampled(store: "Store", money: Money, times: tuple[float, float], *, most: int, seed: int) -> History | None:
    """All customers, or about `most` of a larger company, chosen by a hash of their keys; None where there is nobody.

    times: (the day whose beginning the history ends at, the day after which a date lies in the future).
    """
    end, now = times
    blocks = []
    share = most / max(store.count(RecordKind.CUSTOMERS), 1)
    for block in read_blocks(store, money, Moment(now=now)):
        chosen = np.array([_hashed(str(id), seed) < share for id in block.customers], bool)
        blocks.append(block.before(end) if share >= 1 else block.chosen(chosen).before(end))
    return merged(blocks) if blocks else None


def _hashed(id: str, seed: int) -> float:
    """A number in 0-1 that depends on the id and the seed alone."""
    digest = hashlib.blake2b(f"{seed}:{id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
