"""What the server counts, in Prometheus' text format. Counts only: no ids, no text."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rapport.types import Turn

# Any word can be sent as a method, and each label is kept for ever.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of one app, in a registry of their own so that several apps can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rapport_http_requests", "Answered requests.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "rapport_http_seconds", "Time to the end of an answer.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.turns = Counter("rapport_turns", "Turns by what was decided.", ("decision",), registry=self.registry)
        self.stages = Histogram(
            "rapport_turn_stage_seconds", "Time in each stage of a turn.", ("stage",), buckets=SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.failed_turns = Counter("rapport_failed_turns", "Turns that ended in an error.", registry=self.registry)
        self.handovers = Counter("rapport_handovers", "Conversations given to people.", registry=self.registry)
        self.behind = Gauge("rapport_index_behind", "Changes that the index lacks.", registry=self.registry)
        self.profiles = Counter(
            "rapport_profile_renewals", "Renewed profiles by outcome.", ("outcome",), registry=self.registry
        )
        self.synced = Counter("rapport_index_syncs", "Index updates by outcome.", ("outcome",), registry=self.registry)

    def turn(self, turn: Turn) -> None:
        """Count one finished turn."""
        for decision in turn.decisions:
            self.turns.labels(decision.kind).inc()
        for stage, milliseconds in turn.ms.items():
            self.stages.labels(stage).observe(milliseconds / 1000)
        if turn.handover is not None:
            self.handovers.inc()

    def text(self) -> bytes:
        """Everything counted so far."""
        return generate_latest(self.registry)


class Counted:
    """Counts each request under its route's pattern, never its path: paths hold ids."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = _pattern(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)


def _pattern(scope: Scope) -> str:
    route = scope.get("route")
    if isinstance(route, Route):
        return route.path
    return "/chat" if scope["path"].startswith("/chat") else "other"
