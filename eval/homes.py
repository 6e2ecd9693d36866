"""Temporary homes to measure in: set up like a real one, gone afterwards.

Nothing is read from or written to a company's own records. A home's settings may be given; its database may not.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rapport.paths import Home
from rapport.records import AnyRecord, RecordKind
from rapport.settings import DatabaseSettings, Settings

if TYPE_CHECKING:
    from agent.turn import Agent
    from crm.store import Store
    from rapport.models import Encoder
    from rapport.sample import SampleCompany

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A home to measure in, open. `settings` name no database, so all of it stays in the temporary folder."""

    home: Home
    settings: Settings
    store: "Store"
    encoder: "Encoder"

    def agent(self) -> "Agent":
        """The agent of this home, as every door opens it. Index and heads must be there."""
        from agent.assemble import open_agent

        return open_agent(self.home, self.settings, store=self.store)


@contextmanager
def laboratory(settings: Settings | None = None) -> Iterator[Lab]:
    """An empty temporary home with the encoder loaded; deleted at the end."""
    from crm.store import Store
    from rapport.models import load_encoder

    chosen = replace(settings or Settings(), database=DatabaseSettings())
    with TemporaryDirectory(prefix="rapport-eval-") as folder:
        home = Home(Path(folder) / "home").create()
        with Store.open(f"sqlite:///{home.database_file}") as store:
            yield Lab(home=home, settings=chosen, store=store, encoder=load_encoder(chosen.encoder))


def finish(lab: Lab, company: "SampleCompany") -> None:
    """Put the default heads to use and build the index, as `rapport init` does."""
    from finetune.ready import default_heads
    from retrieval import sync

    default_heads(lab.home, company.examples, encoder=lab.encoder)
    sync.build(lab.home, lab.store, encoder=lab.encoder, settings=lab.settings.retrieval)


def import_shop(lab: Lab, folder: Path) -> None:
    """Import a tau2 folder (db.json, policy.md) by the importer that `rapport import --format tau2` uses."""
    from crm.importers.rows import ImportOptions
    from crm.importers.run import import_file

    options = ImportOptions(format="tau2", source=folder.name, rejects_folder=lab.home.rejects)
    for kind in (RecordKind.CUSTOMERS, RecordKind.PRODUCTS, RecordKind.ORDERS, RecordKind.ARTICLES):
        import_file(lab.store, kind, folder, options)


def add_sample(lab: Lab, company: "SampleCompany") -> None:
    """Write the sample company's records."""
    records: Sequence[AnyRecord]
    for records in (company.customers, company.products, company.orders, company.articles, company.tickets):
        for start in range(0, len(records), BATCH):
            lab.store.upsert(records[start : start + BATCH])
