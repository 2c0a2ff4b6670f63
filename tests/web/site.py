"""A study on a server in this process, with one principal of each kind: what is asked over HTTP is the real application."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from service.coding.model import RoundId
from service.coding.visibility import Role
from service.store.credentials import Scope
from tests.installation import Installation
from tests.server import free_port
from tests.store.scene import Scene

ROLES = ("lead", "coder", "machine")
EVERY_ROLE = (*ROLES, "adjudicator", "observer", "stranger")


@dataclass(frozen=True)
class Site:
    """An installation with an open, a closed and a draft round, and a token for each kind of principal."""

    installation: Installation
    scene: Scene
    rounds: dict[str, RoundId]
    tokens: dict[str, str]

    @classmethod
    def in_folder(cls, folder: Path) -> "Site":
        """Make a study; in its closed round both coders have coded everything."""
        installation = Installation(folder)
        scene = Scene.in_store(installation.store)
        rounds = {"draft": scene.plan(), "open": scene.open(), "closed": scene.open()}
        for person in scene.coders:
            scene.code_all(rounds["closed"], person)
        scene.close(rounds["closed"])
        results = (Scope.SUGGEST, Scope.RESULTS)
        tokens = {
            "lead": installation.token(scene.lead),
            "coder": installation.token(scene.coders[0]),
            "machine": installation.token(scene.lead, results, study=scene.study, machine=True),
            **{
                role.value: installation.token(installation.member(scene.study, role.value, role))
                for role in (Role.ADJUDICATOR, Role.OBSERVER)
            },
            "stranger": installation.token(installation.person("stranger")),
        }
        return cls(installation, scene, rounds, tokens)

    @contextmanager
    def served(self) -> Generator[str]:
        """Serve the application on the loopback from a thread of this process; give its URL."""
        port = free_port()
        config = uvicorn.Config(self.installation.app(), host="127.0.0.1", port=port, log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)
