"""An installation under fault: a study with an open round, a server that can be killed, and what must hold afterwards."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import make_url

from service.coding.ledger import first_break
from service.coding.model import Content, PersonId, RoundId
from tests.installation import MODELS, Installation
from tests.server import Server
from tests.store.scene import Scene

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Site:
    """One study on one server."""

    scene: Scene
    server: Server
    round_id: RoundId
    tokens: dict[PersonId, str]

    @classmethod
    def on(cls, database: str, folder: Path, *, coders: int, texts: int) -> "Site":
        """Make a study with an open round; the server is not started."""
        installation = Installation(folder, url=database)
        texts_ = [f"Mentor {number} said that trust takes time." for number in range(texts)]
        scene = Scene.in_store(installation.store, coders=coders, texts=texts_)
        tokens = {person: installation.token(person) for person in (scene.lead, *scene.coders)}
        url = make_url(database)
        environ = {} if url.get_backend_name() == "sqlite" else {"INTERCODER_DATABASE_URL": database}
        server = Server(folder, environ=environ, models=without_weights(folder / "models"))
        return cls(scene, server, scene.open(), tokens)

    def client(self, person: PersonId) -> httpx.Client:
        """Give a client that asks as this person."""
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        return httpx.Client(base_url=f"{self.server.url}/api/v1", headers=headers, timeout=TIMEOUT_S)

    def contents(self, person: PersonId) -> dict[str, Content | None]:
        """Give what is stored of a coder's codings, by id."""
        with self.scene.store.reading() as tx:
            return {coding.id: coding.content for coding in tx.codings.own(self.round_id, person)}

    def faults(self) -> list[str]:
        """Say what is wrong with the database, the ledger's chains or the contents they commit to."""
        store = self.scene.store
        with store.reading() as tx:
            broken = [person for person in ("", *self.scene.coders) if first_break(tx.chains.chain(self.round_id, person)) is not None]
            unkept = tx.chains.unkept(self.round_id)
        return [*store.faults(), *store.integrity(), *broken, *unkept]


def without_weights(folder: Path) -> Path:
    """Make a models folder in which the models' files are missing, so that a server under fault starts in no time."""
    folder.mkdir(parents=True, exist_ok=True)
    for manifest in MODELS.glob("*.toml"):
        shutil.copy(manifest, folder)
    return folder


def answers(assignments: Sequence[str], code: str) -> dict[str, object]:
    """Make the body that gives these assignments one code."""
    return {"codings": [{"assignment_id": one, "answers": [{"variable": "theme", "codes": [code]}]} for one in assignments]}
