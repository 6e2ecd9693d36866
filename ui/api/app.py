"""The web application: the API, the pages and what runs behind them, opened once and closed in order."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from anyio import to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from crm.store import Store
from rapport import __version__
from rapport.paths import Home
from rapport.settings import Settings
from rapport.settings_kinds import networks
from ui.api import conversations, customers, errors, health, pages, staff
from ui.api.limits import Limits
from ui.api.metrics import Counted, Metrics
from ui.api.service import Service
from ui.api.syncing import IndexKeeper
from ui.pages import STATIC

log = logging.getLogger(__name__)
THREADS = 200  # a listener to a stream waits on a thread; 40, the default, would be used up by 40 slow answers

ABOUT = "Conversations with the customer-service agent. Every failure has one shape: code, message and hint."


def create_app(home: Home, settings: Settings) -> FastAPI:
    """The application of one company. Opens nothing yet: records, models and index open when it starts.

    Raises SettingsError, IndexMismatch or CorruptArtifact at the start where one of them cannot be opened.
    """
    metrics = Metrics()
    app = FastAPI(
        title=f"{settings.company.name}: customer service",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(home, settings, metrics),
    )
    errors.install(app, company=settings.company.name)
    for part in (conversations.router, staff.router, customers.router, health.router, pages.router):
        app.include_router(part)
    app.mount("/static", StaticFiles(directory=STATIC))
    _mount_chat(app, settings)
    _wrap(app, settings, metrics)
    return app


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _lifespan(home: Home, settings: Settings, metrics: Metrics) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        running = await to_thread.run_sync(_open, home, settings, metrics)
        app.state.service = running.service
        try:
            yield
        finally:
            await to_thread.run_sync(running.close)

    return lifespan


@dataclass(frozen=True, slots=True)
class _Running:
    """What is open while the server runs."""

    service: Service
    keeper: IndexKeeper

    def close(self) -> None:
        """Finish the turns that run, stop the index update, close the records."""
        self.service.runner.close()
        self.service.profiling.close()
        self.keeper.close()
        self.service.store.close()


def _open(home: Home, settings: Settings, metrics: Metrics) -> _Running:
    from agent.assemble import open_agent

    store = Store.open(settings.database_url(home), busy_timeout_ms=settings.database.busy_timeout_ms)
    try:
        agent = open_agent(home, settings, store=store)
        agent.warm_up()
        service = Service(home, settings, agent=agent, store=store, metrics=metrics)
        keeper = IndexKeeper(service)
        # Through the runner and not agent.recover(): one conversation that fails must not keep the server down.
        service.runner.resume(service.clock())
    except BaseException:
        store.close()
        raise
    keeper.start()
    service.profiling.start()
    return _Running(service, keeper)


def _mount_chat(app: FastAPI, settings: Settings) -> None:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is loaded
    from ui.customer_chat import mount

    mount(app, "/chat", settings=settings, service=lambda: cast(Service, app.state.service))


def _wrap(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """From the inside out: errors, other sites' pages, limits, counting, the client that a proxy names."""
    app.add_middleware(errors.Caught, company=settings.company.name)
    if origins := [origin.strip() for origin in settings.server.cors_origins.split(",") if origin.strip()]:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )  # fmt: skip
    app.add_middleware(Limits, per_minute=settings.server.requests_per_minute)
    app.add_middleware(Counted, metrics=metrics)
    if proxies := networks(settings.server.trusted_proxies):
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
