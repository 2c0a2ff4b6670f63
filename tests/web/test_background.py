"""Work that follows from the state of the database."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from service.coding.visibility import Role
from service.embedding import Encoder
from service.errors import Unavailable
from tests.fakes import VirtualClock
from tests.installation import Installation


def test_a_round_closes_by_its_date_and_takes_nothing_after_it(tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = Installation(tmp_path, clock=clock)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        lead.upload(f"/studies/{study}/documents", "a.csv", b"text\none\ntwo\n")
        lead.upload(f"/studies/{study}/codebook-file", "c.csv", b"code\ngood\nbad\n")
        coders = [installation.caller(client, installation.member(study, login, Role.CODER)) for login in ("anna", "ben")]
        plan = {
            "name": "R",
            "kind": "pilot",
            "policy": "none",
            "revision": 1,
            "sample": {"method": "random", "size": 2, "seed": 1},
            "coders": [coder.person_id for coder in coders],
            "close_by": (clock.now() + timedelta(hours=1)).isoformat(),
        }
        round_id: str = lead.post(f"/studies/{study}/rounds", plan).json()["id"]
        lead.post(f"/rounds/{round_id}/opening")
        turns = coders[0].get(f"/rounds/{round_id}/assignments").json()["items"]
        batch = {"codings": [{"assignment_id": turns[0]["id"], "skip": "torn"}]}
        assert coders[0].post(f"/rounds/{round_id}/codings", batch).is_success
        clock.passes(timedelta(hours=2))
        late = coders[0].post(f"/rounds/{round_id}/codings", batch)
        assert (late.status_code, late.json()["type"]) == (409, "urn:intercoder:problem:round-closed")
        wait_for(lambda: lead.get(f"/rounds/{round_id}").json()["state"] == "closed")
        assert lead.get(f"/rounds/{round_id}").json()["seal"]


def test_without_a_model_coding_works_and_suggestions_say_why_not(tmp_path: Path) -> None:
    def broken() -> Encoder:
        message = "The model file model.bin is missing."
        raise Unavailable(message)

    installation = Installation(tmp_path, load_encoder=broken)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        wait_for(lambda: client.get("/readyz").json()["parts"][2]["state"] == "failed")
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert "model.bin" in ready.json()["parts"][2]["reason"]
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        assert lead.upload(f"/studies/{study}/documents", "a.txt", b"One text.").is_success
        codebook = {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}]}]}
        refused = lead.post("/suggestions", {"texts": ["x"], "codebook": codebook})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "model.bin" in refused.json()["detail"]
        assert lead.get("/models").json()[0]["state"] == "failed"


def wait_for(happens: Callable[[], bool]) -> None:
    """Wait until the background thread has done something."""
    ends = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < ends, "the background thread did not do it"
        time.sleep(0.05)
