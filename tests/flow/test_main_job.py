"""The whole main job over HTTP on a real server with the real model: import, codebook, blind coding, close, agreement."""

import csv
import gzip
import io
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import krippendorff
import numpy as np
import pytest

from service.coding.visibility import Role
from service.demo.simulation import CONTENT
from service.web.identity import COOKIE
from tests.databases import database, postgresql
from tests.installation import Caller, Installation
from tests.server import serving

__all__ = ["database", "postgresql"]

AIFC_ALPHA = 0.7866657511672617
"""DeVerna et al. (2024), results/intercoder_reliability.txt: nominal alpha of true_false_unsure."""

Codings = dict[str, dict[str, dict[str, list[str]]]]
"""coder → unit → variable → codes."""


Site = tuple[Installation, httpx.Client]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Site]:
    """Run a server on the embedded database."""
    yield from _running(tmp_path, "")


@pytest.fixture
def either(tmp_path: Path, database: str) -> Iterator[Site]:
    """Run a server on each kind of database."""
    yield from _running(tmp_path, database)


def _running(folder: Path, url: str) -> Iterator[Site]:
    installation = Installation(folder, url=url)
    environ = {"INTERCODER_DATABASE_URL": url} if url else {}
    with serving(folder, environ=environ) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        yield installation, client
    installation.store.close()


def test_three_coders_code_the_demo_interviews(either: Site, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((CONTENT / "interviews.csv").read_text())))
    keys = list(csv.DictReader(io.StringIO((CONTENT / "key.csv").read_text())))
    texts = {row["text"]: str(number) for number, row in enumerate(rows)}
    given: Codings = {
        coder: {str(n): {"theme": _slip(keys[n]["code"], keys[n]["second"], n % every == 0)} for n in range(len(rows))}
        for coder, every in (("anna", 7), ("ben", 5), ("cara", 4))
    }
    study = _Study(*either)
    study.bring(CONTENT / "interviews.csv", (CONTENT / "interviews.csv").read_bytes(), document_column="document", label_column="speaker")
    study.codebook("codebook.csv", (CONTENT / "codebook.csv").read_bytes())
    round_id = study.round(len(rows), list(given))
    study.code(round_id, given, texts)
    figures = study.close(round_id)["theme"]
    ratings = _matrix(given, "theme")
    expected = float(krippendorff.alpha(reliability_data=ratings, level_of_measurement="nominal"))
    assert figures["alpha"]["value"] == pytest.approx(expected, abs=1e-12)
    for pair in figures["pairs"]:
        one, other = (str(name).lower() for name in pair["coders"])
        assert pair["kappa"]["value"] == pytest.approx(_kappa(given, one, other, "theme"), abs=1e-12)
    assert figures["excerpts_used"] == len(rows)
    _check_offline(either[0], round_id, tmp_path / "out", figures["alpha"]["value"])


@pytest.mark.reference
def test_three_real_coders_of_aifc(embedded: Site, reference_data: Path, tmp_path: Path) -> None:
    with gzip.open(reference_data / "data/aifc/codings.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    units = {row["unit_id"]: row["text"] for row in rows}
    given: Codings = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        given[row["coder"]][row["unit_id"]][row["variable"]] = [row["code"]] if row["code"] else []
    study = _Study(*embedded)
    study.bring(Path("aifc.csv"), _csv(["text", "unit"], [[text, unit] for unit, text in units.items()]), label_column="unit")
    study.codebook("aifc.csv", (reference_data / "data/aifc/codebook.csv").read_bytes())
    round_id = study.round(len(units), list(given))
    study.code(round_id, given, {text: unit for unit, text in units.items()})
    figures = study.close(round_id)
    assert len(figures) == 7
    assert figures["true_false_unsure"]["alpha"]["value"] == AIFC_ALPHA
    page = study.page(f"/rounds/{round_id}/agreement")
    assert str(AIFC_ALPHA) in page
    _check_offline(embedded[0], round_id, tmp_path / "out", AIFC_ALPHA, "true_false_unsure")


class _Study:
    """The lead's side of the job, through the public API only."""

    def __init__(self, installation: Installation, client: httpx.Client) -> None:
        self.installation = installation
        self.client = client
        self.lead = installation.caller(client, installation.person("lead", may_lead=True))
        self.id: str = self.lead.post("/studies", {"name": "A study"}).json()["id"]
        self.coders: dict[str, Caller] = {}

    def bring(self, path: Path, data: bytes, **columns: str) -> None:
        done = self.lead.upload(f"/studies/{self.id}/documents", path.name, data, **columns).json()
        assert done["excerpts_added"] > 0
        again = self.lead.upload(f"/studies/{self.id}/documents", path.name, data, **columns).json()
        assert again["excerpts_added"] == 0
        assert len(again["unchanged"]) == len(done["added"])
        self._wait_for_vectors(done["excerpts_added"])

    def codebook(self, name: str, data: bytes) -> None:
        assert self.lead.upload(f"/studies/{self.id}/codebook-file", name, data).json()["number"] == 1
        codebook = self.lead.get("/codebooks").json()[0]["id"]
        suggested = self.lead.post("/suggestions", {"texts": ["We sat down every week and talked it over."], "codebook_id": codebook})
        assert suggested.json()["suggestions"][0]["made_by"]["model"] == "all-MiniLM-L6-v2"

    def round(self, size: int, logins: list[str]) -> str:
        people = [self.installation.member(self.id, login, Role.CODER) for login in logins]
        self.coders = {login: self.installation.caller(self.client, person) for login, person in zip(logins, people, strict=True)}
        plan = {
            "name": "Round 1",
            "kind": "reliability",
            "policy": "none",
            "revision": 1,
            "sample": {"method": "random", "size": size, "seed": 7},
            "coders": people,
        }
        round_id: str = self.lead.post(f"/studies/{self.id}/rounds", plan).json()["id"]
        assert self.lead.post(f"/rounds/{round_id}/opening").json()["state"] == "open"
        return round_id

    def code(self, round_id: str, given: Codings, units: dict[str, str]) -> None:
        orders: set[tuple[str, ...]] = set()
        for login, coder in self.coders.items():
            turns = coder.get(f"/rounds/{round_id}/assignments", params={"limit": 1000}).json()["items"]
            orders.add(tuple(units[turn["text"]] for turn in turns))
            batch = [{"assignment_id": turn["id"], "answers": _answers(given[login][units[turn["text"]]])} for turn in turns]
            assert len(coder.post(f"/rounds/{round_id}/codings", {"codings": batch}).json()) == len(turns)
            assert coder.get(f"/rounds/{round_id}/agreement").status_code == httpx.codes.NOT_FOUND
            assert coder.get(f"/rounds/{round_id}/codings").status_code == httpx.codes.NOT_FOUND
            assert coder.post("/suggestions", {"texts": ["x"], "codebook": _ANY}).status_code == httpx.codes.LOCKED
        assert len(orders) == len(self.coders)

    def close(self, round_id: str) -> dict[str, Any]:
        assert self.lead.get(f"/rounds/{round_id}/agreement").status_code == httpx.codes.NOT_FOUND
        assert self.lead.post(f"/rounds/{round_id}/closing").json()["state"] == "closed"
        found = next(iter(self.coders.values())).get(f"/rounds/{round_id}/agreement").json()
        return {variable["variable"]: variable for variable in found["agreement"]["variables"]}

    def page(self, path: str) -> str:
        with self.installation.store.writing() as tx:
            cookie = tx.sessions.start(tx.people.get(self.lead.person_id).id)
        return self.client.get(path, headers={"Cookie": f"{COOKIE}={cookie}"}).raise_for_status().text

    def _wait_for_vectors(self, excerpts: int) -> None:
        ends = time.monotonic() + 120
        while time.monotonic() < ends:
            progress = self.lead.get(f"/studies/{self.id}/embedding").json()
            if progress["done"] == progress["excerpts"] == excerpts:
                return
            time.sleep(0.2)
        pytest.fail("the excerpts were not embedded within two minutes")


_ANY = {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}, {"name": "b"}]}]}


def _check_offline(installation: Installation, round_id: str, folder: Path, alpha: float, variable: str | None = None) -> None:
    """Export the round with the command line and compute the same alpha from its codings.csv alone."""
    environ = {
        "INTERCODER_DATA_DIR": str(installation.settings.data_dir),
        "INTERCODER_DATABASE_URL": installation.settings.database,
        "INTERCODER_SECRET_KEY": installation.settings.secret_key,
    }
    intercoder = [sys.executable, "-m", "service.cli"]
    subprocess.run([*intercoder, "export", round_id, str(folder)], env=environ, check=True, capture_output=True)
    assert sorted(path.name for path in folder.iterdir()) == ["agreement.json", "codebook.json", "codings.csv", "excerpts.csv"]
    only = ["--variable", variable] if variable else []
    command = [*intercoder, "agree", str(folder / "codings.csv"), "--metric", "nominal", "--json", *only]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(printed)[0]["alpha"]["value"] == alpha


def _answers(variables: dict[str, list[str]]) -> list[dict[str, object]]:
    return [{"variable": variable, "codes": codes} for variable, codes in variables.items()]


def _slip(code: str, second: str, slips: bool) -> list[str]:
    chosen = (second or "Clarity") if slips else code
    return [chosen] if chosen else []


def _matrix(given: Codings, variable: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """``float64[coders, units]`` of code places, as the krippendorff package takes them."""
    codes = sorted({code for coder in given.values() for unit in coder.values() for code in unit[variable] or [""]})
    rows = [[codes.index((given[coder][unit][variable] or [""])[0]) for unit in given[coder]] for coder in given]
    return np.array(rows, dtype=np.float64)


def _kappa(given: Codings, one: str, other: str, variable: str) -> float:
    """Cohen (1960), equation 1, by hand."""
    pairs = [((given[one][unit][variable] or [""])[0], (given[other][unit][variable] or [""])[0]) for unit in given[one]]
    observed = sum(a == b for a, b in pairs) / len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(first[code] * second[code] for code in first) / len(pairs) ** 2
    return (observed - expected) / (1 - expected)


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()
