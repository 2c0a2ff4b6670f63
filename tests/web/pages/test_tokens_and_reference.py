"""Tokens are shown once; the page of the API names every operation that there is."""

import re
import uuid

import pytest

from service.web.pages.reference import outline
from tests.web.pages.visiting import Site


def token_form(**fields: object) -> dict[str, object]:
    return {"key": str(uuid.uuid4()), "name": "script", "kind": "person", "scopes": ["code"], "days": "30", "study_id": "", **fields}


def test_a_token_is_shown_once_and_works_until_it_is_revoked(here: Site) -> None:
    ann = here.visitor("ann@example.org")
    form = token_form()
    [secret] = re.findall(r'value="(ic_[0-9a-f]+)"', ann.post("/tokens", form).text)
    assert "shown once already" in ann.post("/tokens", form).text
    assert here.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).json()["scopes"] == ["code"]
    revoke = re.findall(r'action="(/tokens/[\w-]+/revocation)"', ann.get("/tokens").text)
    assert len(revoke) == 1
    assert "revoked" in ann.post(revoke[0]).text
    assert here.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scopes": []}, "at least one thing"),
        ({"days": "0"}, "1 to 366 days"),
        ({"days": "many"}, "whole number"),
        ({"kind": "machine"}, "belongs to a study"),
        ({"name": ""}, "1 to 200 characters"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_a_sentence(here: Site, fields: dict[str, object], said: str) -> None:
    refused = here.visitor("lead@example.org").posted("/tokens", token_form(**fields))
    assert refused.status_code == 400
    assert said in refused.text


def test_nobody_revokes_anothers_token(here: Site) -> None:
    ann, ben = here.visitor("ann@example.org"), here.visitor("ben@example.org")
    path = re.findall(r'action="(/tokens/[\w-]+/revocation)"', ann.post("/tokens", token_form()).text)[0]
    assert ben.posted(path).status_code == 404
    assert path in ann.get("/tokens").text


def test_the_page_of_the_api_has_every_operation_with_an_example_and_asks_nobody_else(here: Site) -> None:
    page = here.visitor().get("/api").text
    described = here.client.get("/api/v1/openapi.json").json()
    for path, item in described["paths"].items():
        for method, operation in item.items():
            section = re.findall(rf'<details class="operation" id="{operation["operationId"]}">.*?</details>', page, re.DOTALL)
            assert len(section) == 1, (method, path)
            assert f'<span class="tag">{method.upper()}</span> <code>{path}</code>' in section[0]
            assert "curl " in section[0]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_a_schema_is_written_as_the_value_it_describes() -> None:
    components = {"Leaf": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}}
    assert outline({"type": "array", "items": {"$ref": "#/components/schemas/Leaf"}}, components) == [{"a": "string", "b?": "integer"}]
    assert outline({"oneOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}, {}) == "string (uuid) | null"
    assert outline({"enum": ["csv", "json"]}, {}) == '"csv" | "json"'
    assert outline({"$ref": "#/components/schemas/Loop"}, {"Loop": {"$ref": "#/components/schemas/Loop"}}) == "Loop"
