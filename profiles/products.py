"""The names of the products that a profile suggests."""

from typing import TYPE_CHECKING

from rapport.customer_profiles import CustomerProfile
from rapport.records import Product, RecordKind

if TYPE_CHECKING:
    from crm.store import Store


def product_names(store: "Store", profile: CustomerProfile) -> dict[str, str]:
    """By product; one that is not there any more is left out."""
    found = store.fetch(RecordKind.PRODUCTS, list(profile.next_products))
    return {key: product.name for key, product in found.items() if isinstance(product, Product)}
