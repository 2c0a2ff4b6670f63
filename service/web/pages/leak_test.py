"""The last leak test of this installation, for leads."""

from pathlib import Path

from litestar import Response, get
from litestar.di import NamedDependency

from service.errors import NotAllowed
from service.report.leak_test import FILE, LeakTest, read
from service.store import Store
from service.web.identity import Principal
from service.web.pages.rendering import page, when


@get("/leak-test", sync_to_thread=True)
def show(who: NamedDependency[Principal], store: NamedDependency[Store], data_dir: NamedDependency[Path]) -> Response[str]:
    """Show what the last `intercoder leak-test` on this machine walked and found."""
    with store.reading() as tx:
        if not tx.people.get(who.person_id).may_lead:
            message = "The leak test is shown to people who can lead a study."
            raise NotAllowed(message)
    result = last(data_dir)
    return page("leak_test.html", who, result=result, ended=when(result.ended_at if result else None))


def last(data_dir: Path) -> LeakTest | None:
    """Read the last result off the data folder."""
    kept = data_dir / FILE
    return read(kept.read_bytes()) if kept.exists() else None


handlers = [show]
