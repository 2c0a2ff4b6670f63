"""The template of all worlds, made once a run."""

from pathlib import Path

import pytest

from service.leaktest.cast import Cast, stage
from service.leaktest.world import FileTemplate


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    """Give the template that both worlds are copied from."""
    folder: Path = tmp_path_factory.mktemp("template")
    return stage(FileTemplate(folder))
