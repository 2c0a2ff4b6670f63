"""Nothing that people wrote reaches a log: canaries go into every field, well and badly, with debug on."""

import logging
import uuid
from pathlib import Path

import msgspec
import pytest

from service.coding.visibility import Role
from service.settings import Settings
from tests.installation import KEY, MODELS, URL, Installation

CANARY = "CANARYb7e1"
READS = ("codings", "receipt", "proof")
"""Of a closed round, asked by a coder, another coder and the lead."""


class Talkative(Installation):
    """An installation that logs all it would ever log."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = Settings(data_dir=folder, secret_key=KEY, models_dir=MODELS, public_url=URL, log_level="DEBUG")


def test_no_canary_reaches_the_logs(tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    installation = Talkative(tmp_path)
    with installation.running() as client:
        lead = installation.caller(client, installation.person(f"{CANARY}@lead", may_lead=True))
        study = lead.post("/studies", {"name": CANARY}).json()["id"]
        coders = [installation.caller(client, installation.member(study, f"{CANARY}{number}", Role.CODER)) for number in range(2)]
        lead.upload(f"/studies/{study}/documents", f"{CANARY}.csv", f"text,{CANARY}\n{CANARY} one,\ntwo {CANARY},\n".encode())
        codebook = {"variables": [{"name": CANARY, "scheme": "one_code", "codes": [{"name": f"{CANARY}c", "definition": CANARY}]}]}
        lead.post(f"/studies/{study}/codebook", {"codebook": codebook, "note": CANARY})
        plan = {"name": CANARY, "kind": "pilot", "policy": "none", "revision": 1, "sample": {"method": "random", "size": 2, "seed": 1}}
        round_id = lead.post(f"/studies/{study}/rounds", plan | {"coders": [coder.person_id for coder in coders]}).json()["id"]
        assert lead.post(f"/rounds/{round_id}/opening").is_success
        turns = coders[0].get(f"/rounds/{round_id}/assignments").json()["items"]
        good = {"assignment_id": turns[0]["id"], "answers": [{"variable": CANARY, "codes": [f"{CANARY}c"]}], "memo": CANARY}
        assert coders[0].post(f"/rounds/{round_id}/codings", {"codings": [good]}).is_success
        bads: list[dict[str, object]] = [{"memo": f"{CANARY}\0"}, {CANARY: CANARY}, {"answers": [{"variable": f"{CANARY}x", "codes": []}]}]
        for bad in (good | wrong for wrong in bads):
            assert coders[0].post(f"/rounds/{round_id}/codings", {"codings": [bad]}).status_code == 400
        lead.post("/suggestions", {"texts": [CANARY], "codebook": codebook})
        lead.upload(f"/studies/{study}/documents", f"{CANARY}.xlsx", CANARY.encode())
        client.get(f"/{CANARY}?q={CANARY}", headers={"User-Agent": f"{CANARY}\x1b[31m", "Authorization": f"Bearer {CANARY}"})
        client.post(
            "/api/v1/studies", content=f'{{"name": "{CANARY}'.encode(), headers=lead.headers() | {"Content-Type": "application/json"}
        )
        assert lead.post(f"/rounds/{round_id}/closing").is_success
        assert [who.get(f"/rounds/{round_id}/{what}").status_code for what, who in zip(READS, (*coders, lead), strict=True)] == [200] * 3
    out, err = capfd.readouterr()
    lines = [msgspec.json.decode(line) for line in err.splitlines()]
    assert len(lines) > 10
    assert {line["route"] for line in lines if line["event"] == "request"} >= {"unrouted", "/api/v1/studies"}
    assert all(uuid.UUID(line["request"]) for line in lines if line["event"] == "request")
    others = [record.getMessage() for record in caplog.records if record.name != "httpx"]  # the test's own client
    assert CANARY not in out + err + "".join(others)
