"""Score a file of customers in pieces: any number of rows in the memory of one piece."""

import csv
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from profiles.explain import features_of, pushes, ranked
from profiles.table_artifact import Predictor
from profiles.table_files import PIECE, read_pieces
from profiles.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """rows: scored. problems: what was found in the file -> how many rows, or cells, it concerns."""

    rows: int
    seconds: float
    problems: Mapping[str, int]


def score_file(
    predictor: Predictor, path: Path, into: Path, *, drivers: int = 0, piece: int = PIECE,
    progress: Callable[[int], None] = lambda rows: None,
) -> Scored:  # fmt: skip
    """Write id, chance and, for the strongest `drivers` columns, driver, value and push, one row a customer.

    The file appears when all of it is written. A row that cannot be read is left out and counted. Raises UserError
    where the file lacks a column that the model learnt from.
    """
    started, rows = time.perf_counter(), 0
    problems: Counter[str] = Counter()
    temporary = into.with_name(f".{into.name}.new")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            named = [f"{what}_{at}" for at in range(1, drivers + 1) for what in ("driver", "value", "push")]
            writer.writerow(["id", "chance", *named])
            for table, found in read_pieces(path, predictor.layout, rows=piece):
                problems.update(found)
                if len(table):
                    _write(file, predictor, table, drivers)
                rows += len(table)
                progress(rows)
        temporary.replace(into)
    finally:
        temporary.unlink(missing_ok=True)
    return Scored(rows=rows, seconds=time.perf_counter() - started, problems=problems)


def _write(file: TextIO, predictor: Predictor, table: Table, drivers: int) -> None:
    chances = predictor.model.predict(table)
    told: list[list[object]] = [[] for _ in range(len(table))]
    if drivers:
        features, found = features_of(predictor.model), pushes(predictor.model, table)
        for row in range(len(table)):
            for one in ranked(features, found[row], table, row)[:drivers]:
                told[row] += [one.feature, one.value, f"{one.push:.3f}"]
    csv.writer(file).writerows(
        [name, f"{chance:.6f}", *more] for name, chance, more in zip(table.ids, chances, told, strict=True)
    )
