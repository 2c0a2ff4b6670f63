"""What docs/operations.md tells an operator to do works: its backup commands, word for word, and what they bring back."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

from service.cli import main
from service.settings import Settings
from service.store.checking import check
from service.store.opening import open_store
from tests.installation import KEY, MODELS, Installation

OPERATIONS = (Path(__file__).parent.parent / "docs/operations.md").read_text()
COMMANDS = [line for block in re.findall(r"```\n(.*?)```", OPERATIONS, re.DOTALL) for line in block.splitlines()]


def intercoder(line: str, folder: Path, data: Path) -> None:
    """Run a line of the page, with another data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")}
    settings = {"INTERCODER_DATA_DIR": str(data), "INTERCODER_SECRET_KEY": KEY, "INTERCODER_MODELS_DIR": str(MODELS)}
    command = [sys.executable, "-m", "service.cli", *shlex.split(line)[1:]]
    path = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run(command, env=kept | settings | path, cwd=folder, check=True, capture_output=True)


def test_the_backup_commands_bring_back_a_sound_database_that_was_written_to_meanwhile(tmp_path: Path) -> None:
    assert COMMANDS == ["intercoder backup backup.zip", "intercoder restore backup.zip", "intercoder init", "intercoder check-store"]
    backup, *restoring = COMMANDS
    installation = Installation(tmp_path / "data")
    person = installation.person("lead", may_lead=True)
    done, names = Event(), iter(range(1_000_000))

    def write() -> None:
        while not done.is_set():
            with installation.store.writing() as tx:
                tx.corpus.add_study(f"study {next(names)}", tx.people.get(person).id)

    writer = Thread(target=write)
    writer.start()
    try:
        intercoder(backup, tmp_path, tmp_path / "data")
    finally:
        done.set()
        writer.join()
    for line in restoring:
        intercoder(line, tmp_path, tmp_path / "restored")
    store = open_store(Settings(data_dir=tmp_path / "restored", secret_key=KEY))
    with store.reading() as tx:
        assert tx.people.by_login("lead") is not None
    assert check(store, iter) == []
    store.close()


def test_every_command_that_the_page_names_is_one() -> None:
    assert set(re.findall(r"intercoder ([a-z-]+)", OPERATIONS)) <= set(main.commands)
