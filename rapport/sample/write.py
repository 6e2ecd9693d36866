"""Write the sample company as files that `rapport import` reads."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rapport.records import KIND_OF, Article, Customer, Event, Product, Record
from rapport.sample.company import SampleCompany


def write_sample(company: SampleCompany, folder: Path) -> dict[str, Path]:
    """Write customers.csv, products.csv, orders.jsonl, tickets.jsonl, events.csv and articles/ into `folder`.

    Columns are the canonical field names, with the record's own id first (customer_id) and references as bare ids.
    Mappings (options, attrs) are JSON in a CSV cell. Imported with the source "sample", they give the same records.
    Returns kind -> path. The same company gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "customers": _csv(folder / "customers.csv", Customer, company.customers),
        "products": _csv(folder / "products.csv", Product, company.products),
        "orders": _jsonl(folder / "orders.jsonl", company.orders),
        "articles": folder / "articles",
        "tickets": _jsonl(folder / "tickets.jsonl", company.tickets),
        "events": _csv(folder / "events.csv", Event, company.events),
    }
    paths["articles"].mkdir(exist_ok=True)
    for article in company.articles:
        (paths["articles"] / f"{article.source_id}.md").write_text(_markdown(article), encoding="utf-8")
    return paths


def _csv(path: Path, kind: type[Record], records: Iterable[Record]) -> Path:
    names = [field.name for field in fields(kind) if field.name != "source"]
    own_id = f"{KIND_OF[kind].value.removesuffix('s')}_id"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([own_id if name == "source_id" else name for name in names])
        for record in records:
            writer.writerow([_cell(_own(name, getattr(record, name))) for name in names])
    return path


def _jsonl(path: Path, records: Iterable[Record]) -> Path:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(_plain(record), ensure_ascii=False) + "\n")
    return path


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """A value as JSON knows it. Money stays text, so that no cent is lost."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        names = (field.name for field in fields(value) if field.name != "source")
        return {name: _plain(_own(name, getattr(value, name))) for name in names}
    return value


def _own(name: str, value: Any) -> Any:
    """A reference as the source knows it: an importer makes the key from it and the source that it is given."""
    return value.partition(":")[2] if name in ("customer_id", "product_id") and value else value


def _markdown(article: Article) -> str:
    head = {
        "id": article.source_id,
        "title": json.dumps(article.title, ensure_ascii=False),
        "collection": article.collection,
        "visibility": article.visibility,
        "url": article.url,
        "locale": article.locale,
        "valid_from": article.valid_from.date().isoformat() if article.valid_from else None,
        "valid_until": article.valid_until.date().isoformat() if article.valid_until else None,
        "updated_at": article.updated_at.date().isoformat() if article.updated_at else None,
        "tags": json.dumps(list(article.tags), ensure_ascii=False),
    }
    lines = [f"{key}: {value}" for key, value in head.items() if value is not None]
    return "---\n" + "\n".join(lines) + "\n---\n\n" + article.text + "\n"
