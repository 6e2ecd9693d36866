"""What the tests of the doors share: the application on the sample company, and how to read a stream."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rapport.paths import Home
from rapport.settings import Settings, load_settings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
WAIT_MS = 30_000


@dataclass(frozen=True)
class Served:
    """A running application. client: a browserless client of it; staff: the headers of a colleague."""

    client: TestClient
    home: Home
    settings: Settings

    @property
    def staff(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.settings.server.staff_token}"}

    @property
    def service(self):
        return self.client.app.state.service

    def open(self, **body: object) -> "Talk":
        """Open a conversation."""
        made = self.client.post("/v1/conversations", json=body)
        assert made.status_code == 201, made.text
        return Talk(self, made.json()["id"], made.json()["token"])


@dataclass(frozen=True)
class Talk:
    """A conversation as its opener holds it."""

    served: Served
    id: str
    token: str

    @property
    def address(self) -> str:
        return f"/v1/conversations/{self.id}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def say(self, text: str, **more: object) -> list[tuple[str, dict]]:
        """Write as the customer; the events of the answer."""
        return self.post("messages", self.headers, text=text, **more)

    def post(self, verb: str, headers: dict[str, str], **body: object):
        """Events for messages, else the JSON of the answer."""
        answer = self.served.client.post(f"{self.address}/{verb}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return read_events(answer.text) if verb == "messages" else answer.json()

    def read(self) -> dict:
        answer = self.served.client.get(self.address, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def read_events(text: str) -> list[tuple[str, dict]]:
    """(event, data) pairs of a stream of server-sent events."""
    found, name = [], ""
    for line in text.splitlines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            found.append((name, json.loads(line.removeprefix("data:"))))
    return found


@pytest.fixture(scope="session")
def serve(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Home]:
    """Give a private copy of the sample company's home."""

    def copy() -> Home:
        home = Home(tmp_path_factory.mktemp("served") / "home")
        shutil.copytree(sample_home.root, home.root)
        return home

    return copy


@pytest.fixture(scope="session")
def served(serve: Callable[[], Home]) -> Iterator[Served]:
    """The application on the sample company, started once for all tests of the API."""
    from ui.api.app import create_app

    home = serve()
    settings = load_settings(home)
    with TestClient(create_app(home, settings), raise_server_exceptions=False, client=("127.0.0.1", 50_000)) as client:
        yield Served(client, home, settings)


@pytest.fixture
def talk(served: Served) -> Talk:
    """A new conversation of an anonymous customer."""
    return served.open()


class Site:
    """The real server on a thread; can be stopped and started again on the same port and home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def service(self):
        return self.app.state.service

    def start(self) -> None:
        import uvicorn

        from ui.api.app import create_app

        self.app = create_app(self.home, load_settings(self.home))
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, log_level="error", access_log=False, ws="none",
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive(), "the server did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(60)
        assert not self.thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def new_site(serve: Callable[[], Home]) -> Callable[[], Site]:
    """Make a server of its own on a private copy of the sample company."""
    return lambda: Site(serve())


@pytest.fixture(scope="session")
def site(new_site: Callable[[], Site]) -> Iterator[Site]:
    """The server that the browser tests share."""
    running = new_site()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, as `.ci/run` installs it."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visiting(browser, wait_ready):
    """Open the chat page in a browser profile of its own, ready to be used."""

    @contextmanager
    def visit(site: Site, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{site.address}/chat")
        wait_ready(page)
        yield page
        context.close()

    return visit


@pytest.fixture
def page(visiting, site: Site):
    """The chat page of a new visitor."""
    with visiting(site) as opened:
        yield opened


@pytest.fixture
def wait_ready():
    """Wait until the page can be used."""
    return lambda page: page.wait_for_selector("html[data-ready=yes]", state="attached")


@pytest.fixture
def say():
    """Send a message with Enter and wait for the whole reply; returns it."""

    def send(page, text: str) -> str:
        before = page.locator("#transcript .msg.assistant").count()
        page.fill("#box textarea", text)
        page.keyboard.press("Enter")
        page.locator("#transcript .msg.assistant").nth(before).wait_for()
        page.wait_for_function("!document.querySelector('#box textarea').disabled")
        return page.locator("#transcript .msg.assistant .bubble").nth(before).inner_text()

    return send


@pytest.fixture
def state_of():
    """The words that say who the customer is talking to."""
    return lambda page: page.locator("#status .state span").nth(1).inner_text()
