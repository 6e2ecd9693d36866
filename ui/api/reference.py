"""The reference of the API at /docs: a plain page made from the app's own OpenAPI. It loads nothing from outside."""

import json
from collections import defaultdict
from html import escape
from typing import Any

from ui.pages import page

INTRO = """<h1>HTTP API</h1>
<p>JSON in and out; answers of the agent stream as server-sent events. A conversation is read and written with the
token that its opening returned; staff routes take the staff token. Both are sent as
<code>Authorization: Bearer TOKEN</code>. Every failure has one shape:</p>
<pre><code>{"error": {"code": "not_found", "message": "…", "hint": "…"}}</code></pre>
<p>For tools: <a href="/openapi.json">openapi.json</a>.</p>"""


def reference_page(openapi: dict[str, Any], *, company: str) -> str:
    """The whole page. openapi: what the app says of itself."""
    sections: dict[str, list[str]] = defaultdict(list)
    for path, methods in openapi["paths"].items():
        for verb, route in methods.items():
            sections[route.get("tags", ["Other"])[0]].append(_route(verb, path, route, openapi))
    body = "".join(f"<h2>{escape(name)}</h2>{''.join(routes)}" for name, routes in sections.items())
    return page("HTTP API", INTRO + body, company=company, narrow=False)


def _route(verb: str, path: str, route: dict[str, Any], openapi: dict[str, Any]) -> str:
    about = str(route.get("description", "")).strip()
    first, _, rest = about.partition("\n\n")
    told = f"<p>{escape(rest)}</p>" if rest else ""
    inside = told + _parameters(route) + _body(route, openapi) + _answers(route, openapi)
    return f"""<details class="route" id="{escape(route.get("operationId", path))}"><summary>
<span class="verb">{escape(verb.upper())}</span><span class="path">{escape(path)}</span>
<span class="about">{escape(first)}</span></summary><div class="inside">
{inside}{_curl(verb, path, route, openapi)}</div></details>"""


def _parameters(route: dict[str, Any]) -> str:
    rows = [(part["name"], part["in"], part.get("description", "")) for part in route.get("parameters", ())]
    return _table("In the address", rows)


def _body(route: dict[str, Any], openapi: dict[str, Any]) -> str:
    schema = _body_schema(route, openapi)
    required = set(schema.get("required", ()))
    rows = [
        (name, f"{_kind(field)}{', required' if name in required else ''}", field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]
    return _table("Body", rows)


def _answers(route: dict[str, Any], openapi: dict[str, Any]) -> str:
    answers = route.get("responses", {})
    rows = [(status, "", answer.get("description", "")) for status, answer in answers.items()]
    stream = answers.get("200", {}).get("content", {}).get("text/event-stream", {}).get("example")
    shown = f"<h3>Events</h3><pre><code>{escape(stream)}</code></pre>" if stream else ""
    good: dict[str, Any] = next((answer for status, answer in answers.items() if status.startswith("2")), {})
    example = _example(_json_schema(good), openapi)
    if example is not None and not stream:
        shown = f"<h3>Answer</h3><pre><code>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</code></pre>"
    return shown + _table("Status", rows)


def _curl(verb: str, path: str, route: dict[str, Any], openapi: dict[str, Any]) -> str:
    lines = [f"curl -X {verb.upper()} http://127.0.0.1:8421{path}"]
    if route.get("security"):
        lines.append("-H 'Authorization: Bearer TOKEN'")
    if "requestBody" in route:
        sent = json.dumps(_sent(_body_schema(route, openapi)), ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d '{sent}'"]
    command = " \\\n  ".join(lines)
    return f"<h3>Try it</h3><pre><code>{escape(command)}</code></pre>"


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    """An example of a body: the fields that have one and those that must be there."""
    fields = schema.get("properties", {})
    required = set(schema.get("required", ()))
    return {
        name: field.get("examples", ["…"])[0]
        for name, field in fields.items()
        if name in required or ("examples" in field and field.get("default") is not None)
    }


def _body_schema(route: dict[str, Any], openapi: dict[str, Any]) -> dict[str, Any]:
    return _resolved(_json_schema(route.get("requestBody", {})), openapi)


def _json_schema(holder: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _resolved(schema: dict[str, Any], openapi: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found


def _example(schema: dict[str, Any], openapi: dict[str, Any]) -> Any:
    """A value of the schema's shape: its example, else its kind. None for no schema."""
    schema = _resolved(schema, openapi)
    if "examples" in schema:
        return schema["examples"][0]
    if options := [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]:
        return _example(options[0], openapi)
    if schema.get("type") == "object" and "properties" in schema:
        return {name: _example(field, openapi) for name, field in schema["properties"].items()}
    if schema.get("type") == "array":
        fixed = schema.get("prefixItems")  # a tuple: a schema for each place
        return [_example(one, openapi) for one in fixed or [schema["items"]]]
    return {"object": {}, "boolean": True, "integer": 1, "number": 1.0, "string": "…"}.get(schema.get("type", ""))


def _kind(field: dict[str, Any]) -> str:
    kinds = [str(part["type"]) for part in field.get("anyOf", [field]) if part.get("type") not in (None, "null")]
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    return " or ".join(kinds) or "object"


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    body = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{escape(about)}</td></tr>"
        for name, kind, about in rows
    )
    return f"<h3>{escape(title)}</h3><table>{body}</table>"
