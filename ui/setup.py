"""Set up a home in one call: what `rapport init` and the demo do. Every step is safe to repeat."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rapport.cards import Card, read_card
from rapport.errors import CorruptArtifact, Refused
from rapport.paths import Home
from rapport.records import AnyRecord, RecordKind
from rapport.registry import ROLES, current
from rapport.settings import Settings, change_setting, load_settings

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.dialogues import Ordinary
    from rapport.models import Encoder
    from rapport.sample import SampleCompany

SAMPLE_SOURCE = "sample"
BATCH = 500


def set_up(home: Home, *, sample: bool, seed: int = 7, quiet: bool = False) -> dict[str, Any]:
    """Make or complete a home: settings, database, default classifiers, index; with sample, its records.

    Returns what stands there afterwards. Raises Refused where a sample would mix with a company's own records.
    """
    from crm.store import Store
    from rapport.models import load_encoder
    from rapport.sample import build_sample
    from retrieval import sync
    from ui.commands.common import progress_bar

    started = time.perf_counter()
    home.create()
    company = build_sample(seed)
    settings = _first_settings(home, company_name=company.name if sample else None)
    with Store.open(settings.database_url(home), busy_timeout_ms=settings.database.busy_timeout_ms) as store:
        if sample:
            _add_sample(store, company)
        encoder = load_encoder(settings.encoder)
        with progress_bar(quiet=quiet) as bar:
            heads = _heads(home, company.examples, encoder, say=bar.console.print)
            report = sync.build(home, store, encoder=encoder, settings=settings.retrieval, progress=bar)
        return {
            "home": str(home.root),
            "company": settings.company.name,
            "records": {kind.value: store.count(kind) for kind in RecordKind},
            "passages": report.passages,
            "models": [{"name": card.name, "scores": dict(card.scores)} for card in heads],
            "seconds": round(time.perf_counter() - started, 1),
        }


def _heads(home: Home, examples: "Sequence[Ordinary]", encoder: "Encoder", *, say: Callable[[str], None]) -> list[Card]:
    """The cards of the classifiers in use, after those were fitted that are missing, damaged or of an older version.

    A company's own classifiers stay in use.
    """
    from finetune.defaults import default_names
    from finetune.ready import default_heads

    names = default_names(examples, encoder)
    wanted = [role for role in ROLES if _is_missing(home, role) or _is_older(home, role, names[role])]
    default_heads(home, examples, encoder=encoder, roles=wanted, progress=say)
    return [read_card(home.models / name) for role in ROLES if (name := current(home, role))]


def _is_missing(home: Home, role: str) -> bool:
    used = current(home, role)
    try:
        return used is None or not read_card(home.models / used)
    except CorruptArtifact:
        return True


def _is_older(home: Home, role: str, name: str) -> bool:
    """Whether a default classifier is in use, and not the one of this name."""
    from finetune.defaults import is_default

    used = current(home, role)
    return used is not None and used != name and is_default(role, used)


def older_heads(home: Home, encoder: "Encoder", *, seed: int = 7) -> list[str]:
    """The roles that use a default classifier of an earlier version, another encoder or other sample phrases."""
    from finetune.defaults import default_names
    from rapport.sample.utterances import make_examples

    names = default_names(make_examples(seed), encoder)
    return [role for role in ROLES if _is_older(home, role, names[role])]


def renew_heads(home: Home, *, seed: int = 7, say: Callable[[str], None] = lambda sentence: None) -> list[str]:
    """Put the default classifiers of this version in the place of such ones. Returns their roles."""
    from finetune.ready import default_heads
    from rapport.models import load_encoder
    from rapport.sample.utterances import make_examples

    encoder = load_encoder(load_settings(home).encoder)
    if older := older_heads(home, encoder, seed=seed):
        say(f"Renewing what an earlier version had made: {', '.join(older)}")
        default_heads(home, make_examples(seed), encoder=encoder, roles=older, progress=say)
    return older


def is_set_up(home: Home) -> bool:
    """Whether `set_up` has finished in this home: records, an index and a chosen classifier stand there."""
    url = load_settings(home).database_url(home)
    records = home.database_file.exists() or url != f"sqlite:///{home.database_file}"
    return records and home.current_file.exists() and any(home.indexes.glob("*/card.json"))


def _first_settings(home: Home, *, company_name: str | None) -> Settings:
    settings = load_settings(home)
    if not settings.server.staff_token:
        settings = change_setting(home, "server.staff_token", secrets.token_urlsafe(32))
    if not settings.verify.secret:
        settings = change_setting(home, "verify.secret", secrets.token_urlsafe(32))
    if company_name and settings.company.name == Settings().company.name:
        settings = change_setting(home, "company.name", company_name)
    return settings


def _add_sample(store: "Store", company: "SampleCompany") -> None:
    own = next((key for key in store.keys(RecordKind.CUSTOMERS) if not key.startswith(f"{SAMPLE_SOURCE}:")), None)
    if own:
        raise Refused(
            "this home holds a company's own records; the sample company would mix with them.",
            hint="Give another folder with --home or RAPPORT_HOME.",
        )
    for records in (
        company.customers,
        company.products,
        company.orders,
        company.articles,
        company.tickets,
        company.events,
    ):
        for batch in _batches(records):
            store.upsert(batch)


def _batches(records: Sequence[AnyRecord]) -> Iterator[Sequence[AnyRecord]]:
    return (records[start : start + BATCH] for start in range(0, len(records), BATCH))
