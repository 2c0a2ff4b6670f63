"""The description of the API as a page, rendered here from the same description that tools read; nothing comes from elsewhere."""

import json
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from service.web.identity import Principal
from service.web.links import Addresses
from service.web.openapi import described
from service.web.pages.rendering import page

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 12
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    sentence: str
    parameters: list[Schema]
    body: str
    body_type: str
    answer: str
    answers: list[tuple[str, str]]
    curl: str


@get("/api", sync_to_thread=True)
def show(
    request: Request[object, object, State], visitor: NamedDependency[Principal | None], addresses: NamedDependency[Addresses]
) -> Response[str]:
    """Show every operation with its parameters, bodies, refusals and an example call."""
    whole = described(request.app)
    return page("api.html", visitor, here="api", info=whole["info"], groups=operations(whole, addresses.public_url.rstrip("/")))


def operations(whole: Schema, url: str) -> dict[str, list[Operation]]:
    """List the operations by their tag."""
    groups: dict[str, list[Operation]] = {}
    components: Schema = whole.get("components", {}).get("schemas", {})
    for path, item in whole["paths"].items():
        for method in METHODS:
            if method in item:
                made = _operation(method, path, item[method], components, url)
                groups.setdefault(item[method].get("tags", ["Other"])[0], []).append(made)
    return groups


def outline(schema: Schema, components: Schema, depth: int = 0) -> Any:
    """Write a schema down as the value it describes: types in the places of values."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return outline(components.get(name, {}), components, depth + 1) if depth < DEEPEST else name
    for joined in ("oneOf", "anyOf", "allOf"):
        if joined in schema:
            found = [outline(one, components, depth + 1) for one in schema[joined]]
            return found[0] if len(found) == 1 else {"one of": found} if any(isinstance(one, dict | list) for one in found) else _or(found)
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "properties" in schema:
        required = set(schema.get("required", ()))
        return {_named(name, required): outline(one, components, depth + 1) for name, one in schema["properties"].items()}
    if schema.get("type") == "array":
        return [outline(schema.get("items", {}), components, depth + 1)]
    return _plain(schema)


def _operation(method: str, path: str, operation: Schema, components: Schema, url: str) -> Operation:
    parameters: list[Schema] = list(operation.get("parameters", []))
    content: Schema = operation.get("requestBody", {}).get("content", {})
    body_type, body = next(((kind, outline(one.get("schema", {}), components)) for kind, one in content.items()), ("", None))
    responses: Schema = operation.get("responses", {})
    nothing: Schema = {}
    good: Schema = next((one for status, one in responses.items() if status.startswith("2")), nothing)
    answer = next((outline(one.get("schema", {}), components) for one in good.get("content", {}).values()), None)
    refusals = [(status, str(one.get("description", ""))) for status, one in responses.items() if not status.startswith("2")]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        sentence=operation.get("description") or operation.get("summary", ""),
        parameters=parameters,
        body=_text(body),
        body_type=body_type,
        answer=_text(answer),
        answers=sorted(refusals),
        curl=_curl(method, url + path, operation, body_type),
    )


def _curl(method: str, address: str, operation: Schema, body_type: str) -> str:
    lines = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}{address}"]
    if operation.get("security") != [{}]:
        lines.append("-H 'Authorization: Bearer ic_…'")
    if any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", [])):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if "json" in body_type:
        lines += ["-H 'Content-Type: application/json'", "-d @body.json"]
    elif body_type:
        lines.append("-F file=@FILE")
    return " \\\n  ".join(lines)


def _text(value: Any) -> str:
    return "" if value is None or value == "" else json.dumps(value, indent=2, ensure_ascii=False)


def _named(name: str, required: set[str]) -> str:
    return name if name in required else f"{name}?"


def _or(found: list[Any]) -> str:
    return " | ".join(str(one) for one in found)


def _plain(schema: Schema) -> str:
    kind: Any = schema.get("type", "any")
    kinds: list[Any] = [*kind] if isinstance(kind, list) else [kind]
    name = " | ".join(str(one) for one in kinds)
    if "const" in schema:
        return json.dumps(schema["const"])
    return f"{name} ({schema['format']})" if "format" in schema else name


handlers = [show]
