"""docs/http.md: every request in it is sent as it stands there, and every route of the API is in it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from rapport.customer_profiles import CustomerProfile
from rapport.records import RecordKind
from ui.api.errors import BY_STATUS, STATUS

GUIDE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```http\n(.+?)```\n\n```(json|events|text)(?: (\d+))?\n(.+?)```", re.DOTALL)


def requests():
    """(method, address, token, body, kind of answer, status, answer) of each request in the guide."""
    for sent, kind, status, answer in BLOCK.findall(GUIDE):
        head, _, body = sent.strip().partition("\n\n")
        line, *headers = head.splitlines()
        token = next((header.rsplit(" ", 1)[-1] for header in headers), None)
        yield *line.split(" "), token, body, kind, int(status or 200), answer.strip()


def test_every_request_of_the_guide_gets_the_answer_that_stands_there(served):
    customer = next(served.service.store.iterate(RecordKind.CUSTOMERS))
    now = datetime.now(UTC)
    served.service.store.keep_profiles(
        [CustomerProfile(customer_id=customer.id, as_of=now, model="profiles", standing="new")]
    )
    known = {"{customer}": customer.source_id, "{id}": "", "{suggestion}": "", "TOKEN": ""}
    known["STAFF"] = served.settings.server.staff_token
    for method, address, token, body, kind, status, answer in requests():
        for name in ("{id}", "{customer}", "{suggestion}"):
            address, body = address.replace(name, known[name]), body.replace(name, known[name])
        headers = {"Authorization": f"Bearer {known[token]}"} if token else {}
        got = served.client.request(method, address, json=json.loads(body) if body else None, headers=headers)
        assert got.status_code == status, f"{method} {address}: {got.text}"
        if kind == "json":
            assert set(got.json()) == set(json.loads(answer))
        elif kind == "events":
            names = [line.removeprefix("event: ") for line in got.text.splitlines() if line.startswith("event: ")]
            assert list(dict.fromkeys(names)) == answer.splitlines()
        else:
            assert answer in got.text
        if method == "POST" and address == "/v1/conversations":
            known |= {"{id}": got.json()["id"], "TOKEN": got.json()["token"]}
        if address == "/v1/suggestions":
            known["{suggestion}"] = str(got.json()["id"])


def test_every_route_is_in_the_guide_and_every_request_of_the_guide_is_a_route(served):
    routes = {
        (verb.upper(), path)
        for path, verbs in served.client.get("/openapi.json").json()["paths"].items()
        for verb in verbs
    }
    told = {(method, address.replace("{customer}", "{id}")) for method, address, *_ in requests()}
    assert told == routes


def test_every_status_of_a_failure_is_in_the_guide():
    told = {int(status) for status in re.findall(r"^\| (\d{3}) \|", GUIDE, re.MULTILINE)}
    used = {status for _, status, _ in STATUS} | set(BY_STATUS)
    assert used - told <= {501}
