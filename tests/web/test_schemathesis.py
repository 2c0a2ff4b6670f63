"""Schemathesis asks every operation of the API description as lead, as coder and as machine, in valid and in invalid ways."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.site import EVERY_ROLE, ROLES, Site

EXAMPLES = 6
SEQUENCES = 30
ROUNDS = {"machine": "closed", "adjudicator": "closed", "observer": "closed"}
"""Which round a role asks about first; the others ask about the open one."""
CHECKS = """
[checks]
# What is valid by its form may still be refused: not yours, not there, not now, hidden, a key that was used.
positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 423, 503]
negative_data_rejection.expected-statuses = ["4xx"]
missing_required_header.expected-statuses = ["4xx"]
unsupported_method.enabled = true
# Deleting twice answers as the first time did for a revoked token, which stays listed.
use_after_free.enabled = false
"""


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Give each kind of principal in turn."""
    return str(request.param)


@pytest.fixture
def asked(tmp_path: Path, role: str) -> Iterator[tuple[Path, str]]:
    """Serve a study; give the settings file with which schemathesis asks it in this role, and its URL."""
    site = Site.in_folder(tmp_path / "data")
    with site.served() as url:
        settings = tmp_path / "schemathesis.toml"
        settings.write_text(
            f'base-url = "{url}"\n{_parameters(site, role)}\n[auth.openapi.bearer]\nbearer = "{site.tokens[role]}"\n{CHECKS}'
        )
        yield settings, url
    site.scene.store.close()


def test_every_operation_keeps_what_its_description_says(asked: tuple[Path, str]) -> None:
    settings, url = asked
    for methods in (["--exclude-method", "DELETE"], ["--include-method", "DELETE"]):  # deleting last, so that there is something to ask for
        command = [str(Path(sys.executable).with_name("st")), "--config-file", str(settings), "run", f"{url}/api/v1/openapi.json"]
        options = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", "20261123", "--continue-on-failure"]
        done = subprocess.run(
            [*command, *options, *methods, "--no-color"], cwd=settings.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
        assert " passed" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_sequences_of_operations_keep_it_too(asked: tuple[Path, str]) -> None:
    """Each answer's ids go into the next requests, by links that schemathesis infers from the description."""
    settings, url = asked
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(settings), "run", f"{url}/api/v1/openapi.json"]
    options = ["--phases", "stateful", "--max-examples", str(SEQUENCES), "--seed", "20261123", "--continue-on-failure", "--no-color"]
    done = subprocess.run([*command, *options], cwd=settings.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert " inferred)" in done.stdout


def _parameters(site: Site, role: str) -> str:
    scene = site.scene
    with scene.store.reading() as tx:
        codebook = tx.codebooks.id_of(scene.study)
    ids = {
        "study_id": scene.study,
        "round_id": site.rounds[ROUNDS.get(role, "open")],
        "document_id": scene.document,
        "codebook_id": codebook,
        "person_id": scene.coders[1],
        "assignment_id": scene.turns(site.rounds["open"], scene.coders[0])[0].id,
    }
    return "[parameters]\n" + "\n".join(f'"path.{name}" = "{value}"' for name, value in ids.items()) + '\n"path.number" = 1'
