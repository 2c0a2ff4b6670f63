"""Models beside the coders in a real browser: accessible in both themes, and no page wider than a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.browsing import Watched, browsing
from tests.flow.test_browser import looked_at, opened, signed_in
from tests.installation import Installation
from tests.server import serving
from tests.store.modelled import let_model_code
from tests.store.scene import Scene, one

pytestmark = pytest.mark.browser


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def watched(installation: Installation, chromium: str) -> Iterator[Watched]:
    with serving(installation.settings.data_dir) as server, browsing(chromium, server.url) as made:
        yield made


def staged(installation: Installation) -> tuple[str, str]:
    """Make an open and a closed round, each with two model coders; give their pages."""
    scene = Scene.in_store(installation.store, coders=3, texts=[f"Mentor {number} said so." for number in range(40)])
    rounds = scene.open(), scene.open()
    for round_id in rounds:
        let_model_code(scene, round_id)
        let_model_code(scene, round_id, "t", ("hope", "fear"))
    for place, coder in enumerate(scene.coders):
        for number, turn in enumerate(scene.turns(rounds[1], coder)):
            scene.submit(rounds[1], coder, [(turn.id, one("hope" if (number + place) % 3 else "fear"))])
    scene.close(rounds[1])
    return f"/rounds/{rounds[0]}", f"/rounds/{rounds[1]}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_models_beside_the_coders_are_accessible_and_fit_a_phone(installation: Installation, watched: Watched, scheme: str) -> None:
    coded, closed = staged(installation)
    found: dict[str, list[str]] = {}
    with watched.person(color_scheme=scheme) as lead:
        signed_in(lead, "lead", installation)
        for path, name in ((coded, "round"), (closed, "closed"), (f"{closed}/agreement", "agreement")):
            found |= looked_at(lead, path, f"models-{scheme}-{name}")
        found |= opened(lead, coded) | opened(lead, f"{closed}/agreement")
        lead.get_by_role("heading", name="Models beside the coders").wait_for()
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert watched.faults == []
