"""Leaks planted by adding a route or changing what is sent."""

import csv
import io
import json
import uuid
from collections import Counter
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import Message, Receive, Send
from litestar.types import Scope as Connection

from service.app import App
from service.coding.visibility import Sight
from service.store import Store
from service.web import access, identity
from tests.blindness.planting import (
    CONTENT,
    PRESENCE,
    Asked,
    all_contents,
    around,
    contents,
    count_all,
    dressed,
    given,
    headed,
    with_header,
)


@dressed("L1", CONTENT)
def coding_by_id(app: App) -> App:
    @get("/api/v1/codings/{coding_id:uuid}", operation_id="getCoding", sync_to_thread=True)
    def get_coding(coding_id: FromPath[UUID], store: NamedDependency[Store]) -> str:
        query = "SELECT k.content FROM codings c JOIN ledger_contents k ON k.entry_id = c.entry_id WHERE c.id = ?"
        with store.reading() as tx:
            found = tx.session.connection.exec_driver_sql(query, (str(coding_id),)).scalar()
        return given(bytes(found)) if found else "nothing"

    app.litestar.register(get_coding)
    return app


@dressed("L3", PRESENCE)
def total_of_all_codings(app: App) -> App:
    return headed(app, "x-total-count", lambda store: str(count_all(store)))


@dressed("L6", CONTENT, thin=False)
def search_in_all_memos(app: App) -> App:
    @get("/api/v1/rounds/{round_id:uuid}/search", operation_id="search", sync_to_thread=True)
    def search(request: Asked, round_id: FromPath[UUID], store: NamedDependency[Store], q: FromQuery[str] = "") -> list[str]:
        who = identity.by_token(store, request.headers.get("Authorization"))
        with store.reading() as tx:
            own = [str(turn.excerpt_id) for turn in tx.assignments.of(str(round_id), who.person_id)]
            hits = {excerpt for _, excerpt, content in contents(tx.session) if q.lstrip("-") in content}
        return [one for one in own if (one in hits) is not q.startswith("-")]

    app.litestar.register(search)
    return app


@dressed("L7", CONTENT, thin=False)
def sorting_by_a_hidden_field(app: App) -> App:
    @get("/api/v1/rounds/{round_id:uuid}/order", operation_id="order", sync_to_thread=True)
    def order(request: Asked, round_id: FromPath[UUID], store: NamedDependency[Store]) -> list[str]:
        who = identity.by_token(store, request.headers.get("Authorization"))
        with store.reading() as tx:
            codes = {excerpt: content for _, excerpt, content in contents(tx.session, who.person_id)}
            own = [str(turn.excerpt_id) for turn in tx.assignments.of(str(round_id), who.person_id)]
        return sorted(own, key=lambda one: codes.get(one, "") if "sort" in request.query_params else "")

    app.litestar.register(order)
    return app


@dressed("L15", CONTENT)
def etag_over_all_codings(app: App) -> App:
    return headed(app, "etag", lambda store: f'"{uuid.uuid5(uuid.NAMESPACE_OID, all_contents(store))}"')


@dressed("L16", CONTENT)
def response_cache_without_the_person(app: App) -> App:
    kept: dict[tuple[str, bytes], list[Message]] = {}

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        key = (scope["path"], scope["query_string"])
        if scope["method"] != "GET":  # pyright: ignore[reportGeneralTypeIssues]
            await app(scope, receive, send)
            return
        if key not in kept:
            kept[key] = []

            async def keep(message: Message) -> None:
                kept[key].append(message)

            await app(scope, receive, keep)
        for message in kept[key]:
            await send(message)

    return around(app, serve)


@dressed("L18", PRESENCE)
def budget_shared_by_all(app: App) -> App:
    used: Counter[str] = Counter()

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        used["requests"] += 1
        await with_header(app, "ratelimit", f'"all";r={100_000 - used["requests"]}', (scope, receive, send))

    return around(app, serve)


@dressed("L24", PRESENCE)
def who_else_is_here(app: App) -> App:
    seen: set[bytes] = set()

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        seen.update(value for name, value in scope["headers"] if name == b"authorization")
        await with_header(app, "x-active", str(len(seen)), (scope, receive, send))

    return around(app, serve)


@dressed("L21", CONTENT)
def examples_for_a_prompt_from_open_rounds(app: App) -> App:
    @get("/api/v1/rounds/{round_id:uuid}/prompt", operation_id="getPrompt", sync_to_thread=True)
    def prompt(round_id: FromPath[UUID], store: NamedDependency[Store]) -> str:
        return f"Other coders said of texts like these: {all_contents(store)}" if round_id.int else ""

    app.litestar.register(prompt)
    return app


@dressed("L21", PRESENCE)
def model_version_that_counts_what_it_learned_from(app: App) -> App:
    return headed(app, "x-model", lambda store: f"hash-1.{count_all(store)}")


@dressed("L25", CONTENT)
def events_of_all(app: App) -> App:
    @get("/api/v1/rounds/{round_id:uuid}/events", operation_id="events", media_type="text/event-stream", sync_to_thread=True)
    def events(request: Asked, round_id: FromPath[UUID], store: NamedDependency[Store]) -> str:
        who = identity.by_token(store, request.headers.get("Authorization"))
        with store.reading() as tx:
            access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
            frames = enumerate(content for _, _, content in contents(tx.session))
        return "".join(f"id: {number}\nevent: coded\ndata: {content}\n\n" for number, content in frames)

    app.litestar.register(events)
    return app


@dressed("L31", PRESENCE)
def reminder_that_you_are_the_last(app: App) -> App:
    @get("/api/v1/reminder", operation_id="getReminder", sync_to_thread=True)
    def reminder(request: Asked, store: NamedDependency[Store]) -> str:
        who = identity.by_token(store, request.headers.get("Authorization"))
        with store.reading() as tx:
            others = {person for person, _, _ in contents(tx.session, who.person_id)}
        return f"Subject: {'you are the last' if others else 'a kind reminder'}\nCc: {', '.join(sorted(others))}\n\nPlease code."

    app.litestar.register(reminder)
    return app


@dressed("L27", CONTENT)
def export_for_whoever_knows_the_round(app: App) -> App:
    @get("/api/v1/rounds/{round_id:uuid}/export.csv", operation_id="exportRound", sync_to_thread=True)
    def export(request: Asked, round_id: FromPath[UUID], store: NamedDependency[Store]) -> str:
        who = identity.by_token(store, request.headers.get("Authorization"))
        with store.reading() as tx:
            access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
            table = io.StringIO()
            csv.writer(table).writerows(contents(tx.session))
        return table.getvalue()

    app.litestar.register(export)
    return app


@dressed("L28", PRESENCE)
def jobs_of_all(app: App) -> App:
    @get("/api/v1/jobs", operation_id="listJobs", sync_to_thread=True)
    def jobs(store: NamedDependency[Store]) -> list[str]:
        with store.reading() as tx:
            return sorted(tx.session.connection.exec_driver_sql("SELECT operation FROM requests").scalars())

    app.litestar.register(jobs)
    return app


@dressed("L30", CONTENT)
def memos_of_all(app: App) -> App:
    @get("/api/v1/rounds/{round_id:uuid}/memos", operation_id="listMemos", sync_to_thread=True)
    def memos(round_id: FromPath[UUID], store: NamedDependency[Store]) -> list[str]:
        with store.reading() as tx:
            return [json.loads(content).get("memo", "") for _, _, content in contents(tx.session)] if round_id.int else []

    app.litestar.register(memos)
    return app


@dressed("L40", CONTENT)
def padding_as_long_as_all_codings(app: App) -> App:
    return headed(app, "x-padding", lambda store: "." * len(all_contents(store)))
