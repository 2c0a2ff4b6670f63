"""A model whose files are missing, cut short or altered: the service starts, coding goes on, suggestions say why not."""

import os
import time
from pathlib import Path

import httpx
import pytest

from tests.embedding.default_model import converted_once, weights_here
from tests.faults.site import Site, answers, without_weights
from tests.installation import MODELS

MODEL = "all-MiniLM-L6-v2"
CODEBOOK = {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "c"}]}]}


@pytest.fixture
def models(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """Give a models folder of links to the default model's files, to be harmed one by one."""
    converted_once(tmp_path_factory)
    folder = without_weights(tmp_path / "data" / "models") / MODEL
    folder.mkdir()
    for file in (MODELS / MODEL).iterdir():
        os.link(file, folder / file.name)
    return folder


def harm(file: Path, how: str) -> None:
    data = b"" if how == "missing" else file.read_bytes()
    file.unlink()
    if how == "cut short":
        file.write_bytes(data[: len(data) // 2])
    elif how == "altered":
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize(
    ("file", "how"),
    [("the weights", "missing"), ("the weights", "cut short"), ("tokenizer.json", "altered"), ("converted.json", "missing")],
)
def test_without_a_sound_model_people_code_and_suggestions_say_why_not(tmp_path: Path, models: Path, file: str, how: str) -> None:
    name = weights_here(models.parent)[-1 if how == "missing" else 0] if file == "the weights" else file
    harm(models / name, how)
    folder = tmp_path / "data"
    site = Site.on(f"sqlite:///{folder / 'intercoder.sqlite'}", folder, coders=2, texts=2)
    lead, coder = site.scene.lead, site.scene.coders[0]
    try:
        site.server.start()
        with site.client(coder) as client:
            turn = site.scene.turns(site.round_id, coder)[0].id
            key = {"Idempotency-Key": "k"}
            assert client.post(f"/rounds/{site.round_id}/codings", json=answers([turn], "hope"), headers=key).is_success
        while '"loading"' in httpx.get(f"{site.server.url}/readyz").text:
            time.sleep(0.05)
        with site.client(lead) as client:
            refused = client.post("/suggestions", json={"texts": ["x"], "codebook": CODEBOOK})
            [model] = client.get("/models").json()
        ready = httpx.get(f"{site.server.url}/readyz")
    finally:
        site.server.kill()
        site.scene.store.close()
    parts = {part["name"]: part for part in ready.json()["parts"]}
    assert (ready.status_code, ready.json()["ready"], parts["model"]["state"]) == (200, True, "failed")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:intercoder:problem:unavailable")
    assert model["state"] == "failed"
    assert name.partition(".")[0] in parts["model"]["reason"]
    assert parts["model"]["reason"] in refused.json()["detail"]
