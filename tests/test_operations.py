"""What docs/operations.md tells an operator to do works: a backup taken while the database is written to, and its restoration."""

import re
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

from service.settings import Settings
from service.store.checking import check
from service.store.opening import open_store
from tests.installation import KEY, Installation

OPERATIONS = (Path(__file__).parent.parent / "docs/operations.md").read_text()


def test_the_backup_command_copies_a_sound_database_while_it_is_written_to(tmp_path: Path) -> None:
    [command] = re.findall(r"```python\n(.*?)```", OPERATIONS, re.DOTALL)
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
        subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=True)
    finally:
        done.set()
        writer.join()
    restored = tmp_path / "restored"
    restored.mkdir()
    (tmp_path / "backup.sqlite").rename(restored / "intercoder.sqlite")
    store = open_store(Settings(data_dir=restored, secret_key=KEY))
    with store.reading() as tx:
        assert tx.people.by_login("lead") is not None
    assert check(store, iter) == []
    store.close()
