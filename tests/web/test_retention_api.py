"""A lead sets how long the study is kept; the service erases it by itself when the time has come."""

from datetime import timedelta
from pathlib import Path

from service.coding.visibility import Role
from tests.fakes import VirtualClock
from tests.installation import Installation
from tests.web.test_background import wait_for


def test_the_lead_sets_it_others_do_not_see_it(tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = Installation(tmp_path, clock=clock)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        coder = installation.caller(client, installation.member(study, "anna", Role.CODER))
        path = f"/studies/{study}/retention"
        assert lead.get(path).json() == {"days": None, "until": None, "due_at": None}
        assert lead.post(path, {"days": 30}).json() == {"days": 30, "until": None, "due_at": None}
        until = (clock.now() + timedelta(days=9)).isoformat()
        assert lead.post(path, {"until": until}).json()["due_at"] == lead.get(path).json()["until"]
        past = (clock.now() - timedelta(days=1)).isoformat()
        for body in ({"days": 0}, {"until": past}, {"until": "2030-01-01T00:00:00"}, {"years": 1}):
            assert lead.post(path, body).status_code == 400, body
        assert (coder.get(path).status_code, coder.post(path, {"days": 1}).status_code) == (403, 403)


def test_the_service_erases_the_study_when_the_time_has_come(tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = Installation(tmp_path, clock=clock)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        lead.upload(f"/studies/{study}/documents", "a.txt", b"CANARY-4711 said so.")
        lead.post(f"/studies/{study}/retention", {"until": (clock.now() + timedelta(days=9)).isoformat()})
        clock.passes(timedelta(days=8))
        assert lead.get(f"/studies/{study}").is_success
        clock.passes(timedelta(days=2))
        wait_for(lambda: lead.get(f"/studies/{study}").status_code == 404)
        files = list(tmp_path.glob("intercoder.sqlite*"))
        wait_for(lambda: not any(b"CANARY-4711" in file.read_bytes() for file in files))
