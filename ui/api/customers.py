"""Routes of what is known of one customer: for staff alone, and written down each time somebody reads it."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from rapport.errors import NotFound
from rapport.records import Customer
from ui.api import schemas
from ui.api.access import Shared, StaffOnly, failures
from ui.api.service import Service

router = APIRouter(prefix="/v1")


@router.get("/customers/{id}/timeline", tags=["Customers"], responses=failures(401, 404), dependencies=[StaffOnly])
def timeline(id: str, service: Shared, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> schemas.Timeline:
    """Orders, tickets, conversations and events of a customer, newest first. id: key, source id or e-mail. Staff."""
    customer = known_customer(service, id)
    entries = [schemas.TimelineEntry(**asdict(entry)) for entry in service.store.timeline(customer.id, limit=limit)]
    service.store.audit("staff", "read_timeline", subject=customer.id)
    return schemas.Timeline(customer_id=customer.id, name=customer.name, entries=entries)


@router.get("/customers/{id}/profile", tags=["Customers"], responses=failures(401, 404), dependencies=[StaffOnly])
def profile(id: str, service: Shared) -> schemas.ProfileOut:
    """What the predictors say of a customer, and why. id: key, source id or e-mail. Staff token.

    For colleagues alone: no score and no word of it may reach the customer.
    """
    from profiles.describe import describe
    from profiles.products import product_names

    customer = known_customer(service, id)
    found = service.store.profile(customer.id)
    if found is None:
        raise NotFound(
            f"customer '{customer.id}' has no profile yet.", hint="Run: rapport profiles train, then profiles score"
        )
    service.store.audit("staff", "read_profile", subject=customer.id)
    names = product_names(service.store, found)
    return schemas.ProfileOut(**asdict(found), name=customer.name, words=describe(found, products=names))


def known_customer(service: Service, reference: str) -> Customer:
    """The customer of that key, source id or e-mail. Raises NotFound."""
    customer = service.store.find_customer(reference)
    if customer is None:
        raise NotFound(f"there is no customer '{reference}'.", hint="Give the key, the source's id or the e-mail.")
    return customer
