"""Make the products: 120 of them in data/products.csv, each in its colours and sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from rapport.records import Product
from rapport.sample.data_files import SOURCE, table, toml

SIZES: dict[str, tuple[str, ...]] = {
    "none": (),
    "shoe": ("38", "39", "40", "41", "42", "43", "44", "45"),
    "kids_shoe": ("28", "30", "32", "34"),
    "clothing": ("S", "M", "L", "XL"),
    "kids": ("104", "116", "128", "140"),
    "sock": ("36-39", "40-43", "44-47"),
    "glove": ("S", "M", "L"),
    "back": ("regular", "long"),
    "mat": ("regular", "long"),
    "bag": ("regular", "long"),
    "pole": ("110 cm", "120 cm"),
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All variants, and the same by product name and by category (of names)."""

    variants: tuple[Product, ...]
    by_name: dict[str, tuple[Product, ...]]
    names_in: dict[str, tuple[str, ...]]


def make_catalogue(random: Random) -> Catalogue:
    """Every product in every colour and size, about one in nine out of stock."""
    by_name: dict[str, tuple[Product, ...]] = {}
    names_in: dict[str, tuple[str, ...]] = {}
    for position, row in enumerate(table("products"), start=1):
        by_name[row["name"]] = tuple(_variants(random, position, row))
        names_in[row["category"]] = (*names_in.get(row["category"], ()), row["name"])
    return Catalogue(tuple(product for group in by_name.values() for product in group), by_name, names_in)


def _variants(random: Random, position: int, row: dict[str, str]) -> Sequence[Product]:
    colours = row["colours"].split("/") if row["colours"] != "none" else [""]
    sizes = SIZES[row["sizes"]] or ("",)
    options = [
        {key: value for key, value in (("colour", colour), ("size", size)) if value}
        for colour in colours
        for size in sizes
    ]
    return [_variant(random, f"P{position:03d}-{number:02d}", row, chosen) for number, chosen in enumerate(options, 1)]


def _variant(random: Random, source_id: str, row: dict[str, str], options: dict[str, str]) -> Product:
    stock = 0 if random.random() < 0.11 else random.randint(1, 45)
    slug = row["name"].lower().replace(" ", "-").replace("--", "-")
    return Product(
        source=SOURCE,
        source_id=source_id,
        name=row["name"],
        group=row["name"],
        category=row["category"].replace("_", " "),
        description=row["description"],
        options=options,
        price=Decimal(row["price"]),
        currency="EUR",
        available=stock > 0,
        stock=stock,
        url=f"https://{toml('shop')['domain']}/products/{slug}",
        attrs={"brand": row["name"].split()[0], "guarantee_years": 5 if row["category"] in ("tents", "packs") else 2},
    )
