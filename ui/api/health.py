"""Routes that operators and their tools ask: alive, ready, and the counters."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from rapport.errors import IndexMismatch
from ui.api import schemas
from ui.api.access import CountersOnly, Shared, failures
from ui.api.errors import describe
from ui.api.service import Service

router = APIRouter(tags=["Operations"])


@router.get("/health/live")
def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@router.get("/health/ready", response_model=schemas.Ready, responses={503: {"model": schemas.Ready}})
def ready(service: Shared) -> JSONResponse:
    """Each thing that an answer needs: the database, the index (and how many changes it lacks) and the models."""
    found = {name: _checked(check, service) for name, check in CHECKS.items()}
    good = all(part["ready"] for part in found.values())
    return JSONResponse({"ready": good, "dependencies": found}, status_code=200 if good else 503)


@router.get(
    "/metrics", response_class=Response, dependencies=[CountersOnly],
    responses={200: {"content": {"text/plain": {}}}, **failures(401)},
)  # fmt: skip
def metrics(service: Shared) -> Response:
    """Counters for Prometheus: requests, turns by decision, time per stage, handovers, index updates."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _checked(check: Callable[[Service], dict[str, Any]], service: Service) -> dict[str, Any]:
    try:
        return {"ready": True, **check(service)}
    except Exception as error:  # noqa: BLE001 whatever is wrong with a dependency, it is not ready; logged by describe
        return {"ready": False, **describe(error, operator=True)[1]}


def _database(service: Service) -> dict[str, Any]:
    return {"last_change": service.store.last_change()}


def _index(service: Service) -> dict[str, Any]:
    from retrieval import sync

    info = sync.info(service.home, service.store, verify=False)  # answers come from memory; anybody may ask this
    service.metrics.behind.set(info.behind)
    if info.state != "ready":
        hint = "It is rebuilt at the next start, or run: rapport index build"
        raise IndexMismatch(f"the index is {info.state}.", hint=hint)
    return {"version": info.version, "passages": info.passages, "behind": info.behind}


def _models(service: Service) -> dict[str, Any]:
    return {"in_use": dict(service.agent.parts.models)}


CHECKS: dict[str, Callable[[Service], dict[str, Any]]] = {"database": _database, "index": _index, "models": _models}
