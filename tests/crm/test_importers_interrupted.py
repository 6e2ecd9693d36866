"""An import interrupted after any batch, any number of times, on either database, ends like an undisturbed one."""

from pathlib import Path
from random import Random

import pytest

from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from crm.store import Store
from rapport.records import RecordKind

CUSTOMERS, ORDERS = RecordKind.CUSTOMERS, RecordKind.ORDERS


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


def order_rows(random: Random) -> str:
    """Orders of one to three lines; some name nobody, some are broken, some come again."""
    lines = ["order,customer,status,placed_at,product,quantity"]
    for number in range(120):
        customer = f"c{random.randrange(12)}"  # of whom ten are known
        name = f"O{number if random.random() > 0.05 else random.randrange(number + 1)}"
        for line in range(random.randint(1, 3)):
            quantity = "many" if random.random() < 0.03 else str(line + 1)
            lines.append(f"{name},{customer},open,2026-01-02,Thing {line},{quantity}")
            if random.random() < 0.04:
                lines.append(random.choice(['"', "a,b", "", 'x,"y"z,,,,']))
    return "\n".join(lines) + "\n"


def load(store: Store, kind: RecordKind, path: Path, home: Path, progress=None):
    options = ImportOptions(format="csv", source="shop", rejects_folder=home, batch=7, prune=True)
    return import_file(store, kind, path, options, progress=progress)


def content(store: Store, home: Path) -> tuple[dict[str, str], list[str]]:
    (rejects,) = home.iterdir()
    return {one.key: repr(one) for one in store.iterate(ORDERS)}, rejects.read_text().splitlines()


@pytest.mark.parametrize("seed", range(3))
def test_orders_interrupted_after_any_batches_end_like_undisturbed_ones(database_url, tmp_path, seed):
    random = Random(seed)
    (tmp_path / "customers.csv").write_text("id,name\n" + "".join(f"c{n},N\n" for n in range(10)))
    path = tmp_path / "orders.csv"
    path.write_text(order_rows(random))
    with Store.open(f"sqlite:///{tmp_path}/calm.sqlite3") as store:
        load(store, CUSTOMERS, tmp_path / "customers.csv", tmp_path / "none")
        whole = load(store, ORDERS, path, tmp_path / "calm")
        expected = content(store, tmp_path / "calm")
    assert min(whole.added, whole.rejected) > 5
    with Store.open(database_url) as store:
        load(store, CUSTOMERS, tmp_path / "customers.csv", tmp_path / "none")
        kills = 0
        while not finished(store, path, tmp_path / "disturbed", random):
            kills += 1
        assert kills > 2
        assert content(store, tmp_path / "disturbed") == expected


def finished(store: Store, path: Path, home: Path, random: Random) -> bool:
    """Run the import for one or two batches, or to its end."""
    left = iter(range(random.randint(2, 3)))

    def tell(_):
        if next(left, None) is None:
            raise Killed

    try:
        load(store, ORDERS, path, home, progress=tell)
    except Killed:
        return False
    return True
