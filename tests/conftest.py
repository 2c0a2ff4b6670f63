"""What every room's tests share: what is skipped on this machine, and why."""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("without-timing", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("without-timing")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_REFERENCE = "REFERENCE_DATA names no folder: set it to the folder of the reference data to run this test"
NO_BROWSER = "no Chromium here: install it (Debian: apt-get install chromium) to run this test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run; ``-rs`` prints each place and reason at the end."""
    for item in items:
        if item.get_closest_marker("reference") and _reference_folder() is None:
            item.add_marker(pytest.mark.skip(reason=NO_REFERENCE))
        if item.get_closest_marker("browser") and _chromium() is None:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Give the folder of the reference data (REFERENCE_DATA); without it the test is skipped, saying so."""
    folder = _reference_folder()
    if folder is None:
        pytest.skip(NO_REFERENCE)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of the machine's Chromium; without one the test is skipped, saying so."""
    found = _chromium()
    if found is None:
        pytest.skip(NO_BROWSER)
    return found


def _reference_folder() -> Path | None:
    folder = os.environ.get("REFERENCE_DATA", "")
    return Path(folder) if folder and Path(folder).is_dir() else None


def _chromium() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
