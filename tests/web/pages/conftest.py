"""A study on a working installation, for the tests of pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import VirtualClock
from tests.installation import Installation
from tests.web.pages.visiting import TWO_VARIABLES, Site, site


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def here(tmp_path: Path, clock: VirtualClock) -> Iterator[Site]:
    installation = Installation(tmp_path, clock=clock)
    with installation.running() as client:
        yield site(installation, client)
    installation.store.close()


@pytest.fixture
def two_variables(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield site(installation, client, codebook=TWO_VARIABLES)
    installation.store.close()
