"""The description of the API: every refusal a problem with an example, every body with an example that is taken."""

from pathlib import Path
from typing import Any

import pytest

from service.web.problems import MEDIA_TYPE
from tests.installation import Installation

REFUSAL = 400


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give the OpenAPI description of a fresh installation."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    return Installation(folder).app().litestar.openapi_schema.to_schema()


def test_it_is_openapi_3_1_and_names_the_token(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert description["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_operation_has_a_name_a_sentence_and_a_noun(description: dict[str, Any]) -> None:
    found = list(operations(description))
    assert all(operation.get("description", "").endswith(".") for operation in found)
    assert len({operation["operationId"] for operation in found}) == len(found)
    assert all(operation.get("tags") for operation in found)


def test_every_refusal_is_a_problem_with_an_example(description: dict[str, Any]) -> None:
    for operation in operations(description):
        for status, response in operation["responses"].items():
            if int(status) >= REFUSAL and not operation["operationId"].endswith("yz"):
                assert list(response["content"]) == [MEDIA_TYPE], (operation["operationId"], status)
                assert response["content"][MEDIA_TYPE]["examples"], (operation["operationId"], status)


def test_every_write_asks_for_an_idempotency_key(description: dict[str, Any]) -> None:
    writes = [operation for method in ("post", "delete") for operation in operations(description, method)]
    keyless = [
        one["operationId"] for one in writes if "Idempotency-Key" not in {parameter["name"] for parameter in one.get("parameters", [])}
    ]
    assert sorted(keyless) == ["calculatePlan", "previewDraw", "streamSuggestions", "suggest"]  # they store nothing


def test_every_json_body_has_an_example_that_is_not_malformed(description: dict[str, Any], tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    checked = 0
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        for path, item in description["paths"].items():
            body = item.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
            if body is None:
                continue
            [example] = body["schema"]["examples"]
            answer = lead.post(path.removeprefix("/api/v1").format(study_id=study, round_id=study), example)
            assert answer.is_success or "form that the API description asks for" not in answer.json()["detail"], (path, answer.text)
            checked += 1
    assert checked >= 12


def operations(description: dict[str, Any], *methods: str) -> list[dict[str, Any]]:
    """List the operations, of these methods if any are named."""
    return [one for item in description["paths"].values() for method, one in item.items() if not methods or method in methods]
