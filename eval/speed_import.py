"""Import generated records in a process of its own and report rows a second and the peak of its memory.

`python -m eval.speed_import FOLDER` is that process: it imports the CSV files of the folder into a new database there.
"""

import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rapport.errors import DataError
from rapport.records import RecordKind

SEED = 11
START = datetime(2025, 1, 1, tzinfo=UTC)
SHARES = {RecordKind.CUSTOMERS: 0.2, RecordKind.PRODUCTS: 0.01, RecordKind.ORDERS: 0.29, RecordKind.EVENTS: 0.5}
Row = Sequence[str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSpeed:
    """rows_per_s: records kept a second over all kinds; by_kind: the same for each. peak_mb: largest resident set."""

    records: int
    seconds: float
    rows_per_s: float
    by_kind: dict[str, float]
    peak_mb: float


def measure_import(records: int) -> ImportSpeed:
    """Write about `records` records as CSV and import them in a fresh process. Raises DataError where it fails."""
    with TemporaryDirectory(prefix="rapport-import-") as folder:
        write_files(Path(folder), records)
        command = [sys.executable, "-m", "eval.speed_import", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DataError(f"the import of {records} generated records failed: {done.stderr.strip()[-400:]}")
        return ImportSpeed(**json.loads(done.stdout))


def write_files(folder: Path, records: int) -> None:
    """One CSV for each kind in SHARES, the same for the same count; an order has one to three lines, one a row."""
    counts = {kind: max(1, round(records * share)) for kind, share in SHARES.items()}
    makers = {
        RecordKind.CUSTOMERS: (_CUSTOMER, _customers),
        RecordKind.PRODUCTS: (_PRODUCT, _products),
        RecordKind.ORDERS: (_ORDER, _orders),
        RecordKind.EVENTS: (_EVENT, _events),
    }
    for kind, (header, rows) in makers.items():
        with (folder / f"{kind.value}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows(counts, Random(f"{SEED} {kind.value}")))


def import_files(folder: Path) -> ImportSpeed:
    """Import the files of `write_files` into a new SQLite database in the folder, without an index."""
    from crm.importers.rows import ImportOptions
    from crm.importers.run import import_file
    from crm.store import Store

    kept: dict[str, int] = {}
    seconds: dict[str, float] = {}
    options = ImportOptions(format="csv", source="speed", rejects_folder=folder / "rejects")
    with Store.open(f"sqlite:///{folder / 'crm.sqlite3'}") as store:
        for kind in SHARES:
            started = time.perf_counter()
            report = import_file(store, kind, folder / f"{kind.value}.csv", options)
            seconds[kind.value] = time.perf_counter() - started
            if report.rejected:
                raise DataError(f"{report.rejected} generated {kind.value} were rejected: {report.rejects_file}")
            kept[kind.value] = store.count(kind)
    total = sum(seconds.values())
    return ImportSpeed(
        records=sum(kept.values()),
        seconds=round(total, 2),
        rows_per_s=round(sum(kept.values()) / total, 1),
        by_kind={name: round(kept[name] / seconds[name], 1) for name in kept},
        peak_mb=round(peak_mb(), 1),
    )


def peak_mb() -> float:
    """The largest resident set of this process so far, in megabytes (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage also counts the parent's memory at the moment of the fork; VmHWM is this program's own
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


_CUSTOMER = ("customer_id", "name", "email", "phone", "postcode", "city", "country", "created_at", "tier")
_PRODUCT = ("product_id", "name", "category", "description", "price", "currency", "stock")
_ORDER = (
    "order_id", "customer_id", "status", "placed_at", "currency", "total", "product_id", "product_name",
    "quantity", "unit_price", "tracking", "delivery_status",
)  # fmt: skip
_EVENT = ("event_id", "customer_id", "kind", "at", "product_id", "value")


def _customers(counts: dict[RecordKind, int], random: Random) -> Iterator[Row]:
    for n in range(counts[RecordKind.CUSTOMERS]):
        postcode = f"{random.randrange(100_000):05d}"
        yield (f"C{n}", f"Person {n}", f"person{n}@example.com", f"+49 30 {n:07d}", postcode, "Berlin", "DE",
               _time(random), random.choice(("basic", "gold")))  # fmt: skip


def _products(counts: dict[RecordKind, int], random: Random) -> Iterator[Row]:
    for n in range(counts[RecordKind.PRODUCTS]):
        yield (f"P{n}", f"Thing {n}", "things", f"A thing, the {n}th of its kind. " * 3, _price(random), "EUR",
               random.randrange(100))  # fmt: skip


def _orders(counts: dict[RecordKind, int], random: Random) -> Iterator[Row]:
    for n in range(counts[RecordKind.ORDERS]):
        customer, placed, total = random.randrange(counts[RecordKind.CUSTOMERS]), _time(random), _price(random)
        for _ in range(random.randint(1, 3)):
            product = random.randrange(counts[RecordKind.PRODUCTS])
            yield (f"O{n:07d}", f"C{customer}", "shipped", placed, "EUR", total, f"P{product}", f"Thing {product}",
                   random.randint(1, 3), _price(random), f"{n:012d}", "in_transit")  # fmt: skip


def _events(counts: dict[RecordKind, int], random: Random) -> Iterator[Row]:
    for n in range(counts[RecordKind.EVENTS]):
        customer = random.randrange(counts[RecordKind.CUSTOMERS])
        product = random.randrange(counts[RecordKind.PRODUCTS])
        kind = random.choice(("page_view", "add_to_cart", "purchase"))
        yield (f"E{n}", f"C{customer}", kind, _time(random), f"P{product}", _price(random))


def _time(random: Random) -> str:
    return (START + timedelta(minutes=random.randrange(500_000))).isoformat()


def _price(random: Random) -> float:
    return random.randrange(500, 20_000) / 100


if __name__ == "__main__":
    print(json.dumps(asdict(import_files(Path(sys.argv[1])))))
