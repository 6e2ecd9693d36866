"""What a shop can suggest: its products by group, whether they can be bought, and their texts as vectors.

A shop sells variants (a shoe in a colour and a size); suggested is the group they belong to, and one of its variants
that can be bought stands for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from profiles.recommend import Catalogue
from profiles.transactions import NO_PRODUCT, Transactions
from rapport.records import Product, ProductId

if TYPE_CHECKING:
    from rapport.models import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The catalogue by group; a product without a group is its own.

    groups: of each product. names, texts: of each group, by its first product. offers: of each group that can be
    bought, the first of its products that can. sold_out: the groups that cannot.
    """

    groups: Mapping[str, str]
    names: Mapping[str, str]
    texts: Mapping[str, str]
    offers: Mapping[str, ProductId]
    sold_out: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sold_out", frozenset(self.names).difference(self.offers))


def shop_of(products: Iterable[Product]) -> Shop:
    """Gather the products by group; what has no pieces left cannot be bought."""
    groups: dict[str, str] = {}
    names: dict[str, str] = {}
    texts: dict[str, str] = {}
    offers: dict[str, ProductId] = {}
    for product in products:
        group = product.group or product.id
        groups[product.id] = group
        names.setdefault(group, product.name)
        texts.setdefault(group, _text(product))
        if product.available and product.stock != 0:
            offers.setdefault(group, product.id)
    return Shop(groups=groups, names=names, texts=texts, offers=offers)


def by_group(transactions: Transactions, shop: Shop) -> Transactions:
    """The same purchases with groups for products; what the shop does not know stays what it is."""
    named = [shop.groups.get(str(one), str(one)) for one in transactions.products]
    products, places = np.unique(named or np.empty(0, "U1"), return_inverse=True)
    codes = np.append(places, NO_PRODUCT).astype(np.int32)  # NO_PRODUCT is -1: the last one
    return replace(transactions, products=products, product=codes[transactions.product])


def catalogue_of(shop: Shop, encoder: "Encoder | None" = None) -> Catalogue:
    """The groups of the shop; with an encoder, with the vectors of their texts."""
    groups = sorted(shop.names)
    if encoder is None or not groups:
        return Catalogue(products=groups)
    return Catalogue(products=groups, vectors=np.asarray(encoder.encode([shop.texts[one] for one in groups])))


def _text(product: Product) -> str:
    kind = (product.category or "").replace("_", " ")
    return ". ".join(part for part in (product.name, kind, product.description) if part)
