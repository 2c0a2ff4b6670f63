"""The Python client of docs/suggestions.md does what the page says, against the service on a socket."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.site import Site

DOC = Path(__file__).parents[2] / "docs" / "suggestions.md"


def client() -> dict[str, Any]:
    """Run the page's client as a module that is imported."""
    found: dict[str, Any] = {"__name__": "client"}
    exec(re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)[0], found)  # noqa: S102 - the page's own code
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """Give a site and its URL."""
    site = Site.in_folder(tmp_path_factory.mktemp("client"))
    with site.served() as url:
        yield site, url


def codebook_of(site: Site) -> str:
    with site.installation.store.reading() as tx:
        return str(tx.codebooks.id_of(site.scene.study))


def asked(served: tuple[Site, str], who: str, texts: list[str]) -> list[dict[str, Any]]:
    site, url = served
    return list(client()["suggestions"](texts, codebook_of(site), url=url, token=site.tokens[who], top=2))


def test_the_client_gives_a_suggestion_for_each_text(served: tuple[Site, str]) -> None:
    found = asked(served, "machine", ["we hope", "time"])
    assert [[ranking["variable"] for ranking in one["variables"]] for one in found] == [["theme", "needs"]] * 2
    assert all(len(ranking["codes"]) == 2 for one in found for ranking in one["variables"])


def test_the_client_says_why_it_was_refused(served: tuple[Site, str]) -> None:
    with pytest.raises(RuntimeError, match="You code in an open round"):
        asked(served, "coder", ["x"])


FIRST: list[dict[str, object]] = [{"text": 1, "suggestion": {}}]


def test_a_stream_that_was_cut_short_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match="cut short"):
        list(client()["whole"](iter(FIRST)))
    with pytest.raises(RuntimeError, match="text 2: gone"):
        list(client()["whole"](iter([*FIRST, {"text": 2, "problem": "gone"}])))
