"""Everything that can be asked of a running application, read off its OpenAPI description and its routes.

Nothing here names an operation: a new one is asked because it is there. Names of parameters and fields only help to
choose values that mean something; a name that is not known gets every id there is.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode

from litestar.routes import HTTPRoute

from service.app import App
from service.leaktest.world import Request

Json = dict[str, Any]
Pool = Mapping[str, Sequence[str]]

NOTHING = str(uuid.UUID(int=0x5EED, version=4))
"""An id of nothing."""
STRINGS = ("", "-1")
CODED = "an excerpt about a mentor who listened and about the long way home that both of them took every week together {n}"
"""The texts that the open rounds are about."""
UNDECLARED = ("q", "search", "sort", "order", "filter", "coder", "person_id", "include", "expand", "fields", "group_by", "as", "since")
MOST_VARIANTS = 24
BOUNDARY = "two-worlds"
CODINGS = "codings.csv"
FILES = {
    "new.txt": b"A new paragraph.\n\nAnother one.",
    "rows.csv": b"text,document\nA row of a table.,One\nAnother row.,Two\n",
    "book.json": b'{"variables":[{"name":"theme","scheme":"one_code","codes":[{"name":"Support"},{"name":"Novelty"}]}]}',
    CODINGS: f"text,variable,code\n{CODED.format(n=5)},theme,Support\n".encode(),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the description."""

    id: str
    method: str
    path: str
    parameters: tuple[Json, ...]
    body: Json

    def named(self, place: str) -> list[Json]:
        """Give the parameters in the path, the query or a header."""
        return [parameter for parameter in self.parameters if parameter["in"] == place]


@dataclass(frozen=True, slots=True)
class Surface:
    """The operations, the routes beside them, and the components that schemas refer to."""

    operations: tuple[Operation, ...]
    routes: tuple[tuple[str, str], ...]
    schemas: Json

    @property
    def beside(self) -> list[tuple[str, str]]:
        """Give the routes that are no operation: pages, assets and what the framework adds."""
        known = {(operation.method, operation.path) for operation in self.operations}
        return [route for route in self.routes if route not in known and route[0] not in {"OPTIONS", "HEAD"}]


def surface_of(app: App) -> Surface:
    """Read an application's surface."""
    described: Json = app.litestar.openapi_schema.to_schema()
    operations = [
        Operation(one["operationId"], method.upper(), path, tuple(one.get("parameters") or ()), one.get("requestBody") or {})
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    ]
    http = [route for route in app.litestar.routes if isinstance(route, HTTPRoute)]
    routes = [(method, re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)) for route in http for method in sorted(route.methods)]
    return Surface(tuple(operations), tuple(routes), described["components"]["schemas"])


@dataclass
class Asking:
    """Turns the surface into requests of one principal."""

    surface: Surface
    pool: Pool
    focus: Pool
    hints: Mapping[str, Sequence[Any]]
    words: Sequence[str]
    who: str
    thin: bool = False
    """Whether only the plainest form of each request is asked: for a principal whom nearly everything is refused."""
    made: int = field(default=0)

    def reads(self) -> Iterable[Request]:
        """Give every read for every combination of ids; HEAD, OPTIONS, each query value and undeclared queries for the ids in focus."""
        for operation in self._reading():
            for path in self._paths(operation, self.pool):
                yield self._request(operation, path)
            if not self.thin:
                yield from self._variants(operation)

    def again(self) -> Iterable[Request]:
        """Give the plain read of the ids in focus, for a second look after the writes."""
        for operation in self._reading():
            for path in self._paths(operation, self.focus):
                yield self._request(operation, path)

    def _reading(self) -> list[Operation]:
        return [operation for operation in self.surface.operations if operation.method == "GET"]

    def writes(self) -> Iterable[Request]:
        """Give every write: all variants of the body for the ids in focus, one in turn for the others."""
        for operation in self.surface.operations:
            if operation.method == "GET":
                continue
            bodies = self._bodies(operation)
            near = set(self._paths(operation, self.focus))
            for place, path in enumerate(sorted(near) if self.thin else self._paths(operation, self.pool)):
                for media, body in [bodies[place % len(bodies)]] if self.thin or path not in near else bodies:
                    yield self._request(operation, path, body=body, media=media)

    def pages(self) -> Iterable[Request]:
        """Give every route that is read and stands beside the description: pages, assets, what the framework adds."""
        for method, path in self.surface.beside:
            if method == "GET":
                names = re.findall(r"\{(\w+)\}", path)
                for values in _one_at_a_time([self._values_of(name, {}, self.pool) for name in names]):
                    yield Request(f"{self.who}@page", "GET", _filled(path, names, values), operation=f"GET {path}")

    def posts(self) -> Iterable[Request]:
        """Give every route that takes a form, with nothing of meaning in it."""
        for path in [path for method, path in self.surface.beside if method == "POST"]:
            names = re.findall(r"\{(\w+)\}", path)
            for values in _one_at_a_time([self._values_of(name, {}, self.pool) for name in names]):
                yield self.filled_form(_filled(path, names, values), path, self._plain_fields())

    def sent_forms(self, pages: Mapping[str, bytes]) -> Iterable[Request]:
        """Give every form that the pages show, filled in."""
        routes = [path for method, path in self.surface.beside if method == "POST"]
        for action, fields in forms_in(pages, self.words[0]):
            route = next((path for path in routes if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), action)), action)
            yield self.filled_form(action, route, fields)

    def _plain_fields(self) -> list[tuple[str, str]]:
        ids = {"study": "study_id", "person": "person_id", "assignment": "assignment_id", "document": "document_id"}
        texts = dict.fromkeys(("reason", "name", "password", "do"), self.words[0]) | {"login": self.hints["login"][-1]}
        return [*((name, self.pool[pool][0]) for name, pool in ids.items()), *texts.items()]

    def filled_form(self, action: str, route: str, fields: Iterable[tuple[str, str]]) -> Request:
        """Write a form's request with a key of its own."""
        self.made += 1
        body = urlencode([*((name, value) for name, value in fields if name != "key"), ("key", f"form-{self.who}-{self.made}")]).encode()
        media = "application/x-www-form-urlencoded"
        return Request(f"{self.who}@page", "POST", action, body=body, media=media, operation=f"POST {route}")

    def _variants(self, operation: Operation) -> Iterable[Request]:
        for path in self._paths(operation, self.focus):
            yield self._request(operation, path, method="HEAD")
            yield self._request(operation, path, method="OPTIONS")
            for query in self._queries(operation):
                yield self._request(operation, path, query=query)

    def _queries(self, operation: Operation) -> Iterable[str]:
        declared = [(one["name"], value) for one in operation.named("query") for value in self._plain(one["schema"])]
        for name, value in declared:
            yield urlencode({name: value})
        for value in (self.words[1], f"-{self.words[1]}"):
            yield urlencode(dict.fromkeys(UNDECLARED, value))

    def _paths(self, operation: Operation, pool: Pool) -> list[str]:
        inside = operation.named("path")
        values = (self._values_of(one["name"], one["schema"], pool) for one in inside)
        return [_filled(operation.path, [one["name"] for one in inside], chosen) for chosen in product(*values)]

    def _values_of(self, name: str, schema: Json, pool: Pool) -> Sequence[str]:
        if name in pool:
            return pool[name]
        if schema.get("type") == "integer" or "enum" in schema:
            found = list(dict.fromkeys(str(value) for value in self._plain(schema)))[:2]
            return found if pool is self.pool else found[:1]
        return pool.get("any", (NOTHING,))

    def _request(
        self, operation: Operation, path: str, *, method: str = "", query: str = "", body: bytes = b"", media: str = ""
    ) -> Request:
        self.made += 1
        keyed = any(one["name"] == "Idempotency-Key" for one in operation.named("header"))
        key = f"sweep-{self.who}-{self.made}" if keyed else ""
        return Request(self.who, method or operation.method, path, query, body, media, key, operation.id)

    def _bodies(self, operation: Operation) -> list[tuple[str, bytes]]:
        content: Json = operation.body.get("content", {})
        if "application/json" in content:
            return [("application/json", json.dumps(value).encode()) for value in self._values("", content["application/json"]["schema"])]
        if "multipart/form-data" in content:
            fields = self._resolved(content["multipart/form-data"]["schema"])["properties"]
            files = [name for name in FILES if (name == CODINGS) == ("coder" in fields)]
            given = {name: self._field(schema) for name, schema in fields.items()}
            return [(f"multipart/form-data; boundary={BOUNDARY}", file_form(given, name)) for name in files]
        return [("", b"")]

    def _field(self, schema: Json) -> Json:
        """Give a form's field without a default the one value it takes, or somebody's id."""
        if schema.get("format") == "uuid":
            return {"default": self.pool.get("person_id", (NOTHING,))[0]}
        only = schema.get("const") or next(iter(schema.get("enum", ())), None)
        return schema if schema.get("default") or only is None else {"default": only}

    def _values(self, name: str, schema: Json) -> list[Any]:
        schema = self._resolved(schema)
        if choices := schema.get("oneOf") or schema.get("anyOf"):
            found = [value for one in choices for value in self._values(name, one)]
            return sorted(found, key=lambda value: value is not None)
        known = self.hints.get(name) or (self.pool.get(name) if name.endswith("_id") else None)
        if known and isinstance(known[0], str) == (schema.get("type") == "string"):
            return list(known)
        if schema.get("type") == "object":
            return self._objects(schema)
        if schema.get("type") == "array":
            return self._arrays(name, schema)
        return self._plain(schema)

    def _objects(self, schema: Json) -> list[Any]:
        """Give one object of the first values, then the same with one field changed at a time, then only what is required."""
        fields = {name: self._values(name, one) for name, one in schema.get("properties", {}).items()}
        base = {name: values[0] for name, values in fields.items()}
        changed = [base | {name: value} for name, values in fields.items() for value in values[1:]]
        required = {name: base[name] for name in schema.get("required", ())}
        return [base, required, *changed][:MOST_VARIANTS]

    def _arrays(self, name: str, schema: Json) -> list[Any]:
        singular = {"coders": "person_id", "excerpts": "excerpt_id", "codes": "code"}.get(name, name)
        items = self._values(singular, schema["items"])
        return [items[:1], items[:2], *([item] for item in items[1:]), []]

    def _plain(self, schema: Json) -> list[Any]:
        schema = self._resolved(schema)
        if "const" in schema:
            return [schema["const"]]
        if "enum" in schema:
            return list(schema["enum"])
        kind = schema.get("type")
        if kind == "integer":
            least, most = int(schema.get("minimum", 0)), int(schema.get("maximum", 1_000))
            return [max(least, 1), least, most, least - 1]
        if kind in {"number", "null"}:
            return [0.5, 0.0, -1.5] if kind == "number" else [None]
        if schema.get("format") in {"uuid", "date-time"}:
            return list(self.pool["any"]) if schema["format"] == "uuid" else ["2030-01-31T18:00:00Z", "soon"]
        return [True, False] if kind == "boolean" else [*self.words[:2], *STRINGS]

    def _resolved(self, schema: Json) -> Json:
        if "$ref" in schema:
            return self._resolved(self.surface.schemas[schema["$ref"].rpartition("/")[2]])
        parts = [self._resolved(one) for one in schema.get("allOf", ())]
        return {name: value for part in [*parts, schema] for name, value in part.items() if name != "allOf"}


class _Forms(HTMLParser):
    """Collects a page's forms: where each goes, and its fields with what a person could leave or choose."""

    def __init__(self, page: str, text: str) -> None:
        super().__init__()
        self.page = page
        self.usual = {"number of a word": "", "number": "1", "date": "", "time": "", "datetime-local": "", "file": ""}
        self.text = text
        self.found: list[tuple[str, list[tuple[str, str]]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action") or self.page if given.get("method", "").lower() == "post" else "", []))
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option":
            self._add(self._select, given.get("value", ""))
        elif tag in {"input", "textarea", "button"} and given.get("name"):
            kind = "number of a word" if given.get("inputmode") == "numeric" else given.get("type", "text")
            value = given.get("value") or self.usual.get(kind, self.text)
            self._add(given["name"], "7" if given["name"] == "seed" else value, most=2 if kind == "checkbox" else 1)

    def _add(self, name: str, value: str, *, most: int = 1) -> None:
        if self.found and name and [known for known, _ in self.found[-1][1]].count(name) < most:
            self.found[-1][1].append((name, value))


def forms_in(pages: Mapping[str, bytes], text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give each different form of some pages once."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for page, body in pages.items():
        parser = _Forms(page, text)
        parser.feed(body.decode(errors="replace"))
        for action, fields in parser.found:
            if action:
                found.setdefault((action, " ".join(sorted(dict(fields)))), fields)
    return [(action, fields) for (action, _), fields in found.items()]


def _one_at_a_time(values: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Give the first of each, then each other one with the first of all others."""
    first = tuple(one[0] for one in values)
    changed = [(*first[:place], value, *first[place + 1 :]) for place, one in enumerate(values) for value in one[1:]]
    return [first, *changed]


def ends_things(request: Request) -> int:
    """Say how much a write takes from the asker: what comes early must not forbid what comes late."""
    if request.path.endswith(("/sign-out", "/links")):
        return 3 + request.path.endswith("/sign-out")
    if request.method == "DELETE" or request.path.endswith(("/deletion", "/removal", "/revocation")):
        return 2
    return int(request.path.endswith("/hand-in"))


def _filled(path: str, names: Sequence[str], values: Sequence[str]) -> str:
    for name, value in zip(names, values, strict=True):
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def file_form(fields: Json, name: str) -> bytes:
    """Write a form with one of the files and the fields' defaults."""
    texts = {one: schema["default"] for one, schema in fields.items() if schema.get("default")}
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{one}"\r\n\r\n{value}\r\n'.encode() for one, value in texts.items()]
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'.encode()
    return b"".join([*parts, file, FILES[name], f"\r\n--{BOUNDARY}--\r\n".encode()])
