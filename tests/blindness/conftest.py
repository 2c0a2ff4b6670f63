"""The template of all worlds, made once a run: on the embedded database, and on PostgreSQL for those who ask for it."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from service.leaktest.cast import Cast, stage
from service.leaktest.world import FileTemplate
from service.leaktest.worlds import MEMORY
from tests.blindness.on_postgresql import ServerTemplate
from tests.databases import PostgreSQL, get_server


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    """Give the template that both worlds are copied from."""
    folder: Path = tmp_path_factory.mktemp("template")
    return stage(FileTemplate(folder))


@pytest.fixture(scope="session")
def cast_on_postgresql() -> Iterator[Cast]:
    """Give the same on a server of its own, in memory where there is such a place: hundreds of databases are made and dropped."""
    with TemporaryDirectory(prefix="ic-two-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        postgresql = PostgreSQL(server)
        yield stage(ServerTemplate(postgresql, postgresql.fresh()))
        server.cleanup()
