import msgspec
import pytest

from service.report.leak_test import FILE, written
from tests.report.test_leak_test import SILENT
from tests.web.pages.visiting import Site


def test_without_one_the_page_says_so(here: Site) -> None:
    assert "None has been run on this machine yet." in here.visitor("lead@example.org").get("/leak-test").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "No difference."),
        ({"difference": "bea: GET /<x>"}, "bea: GET /&lt;x&gt;"),
        ({"failures": ("bea: 500",)}, "The test is void:"),
        ({"after_close": 0}, "nothing differed after the close"),
    ],
)
def test_a_lead_sees_the_last_one(here: Site, changed: dict[str, object], said: str) -> None:
    (here.installation.settings.data_dir / FILE).write_bytes(written(msgspec.structs.replace(SILENT, **changed)))
    shown = here.visitor("lead@example.org").get("/leak-test").text
    assert said in shown
    assert "60 operations" in shown
    assert "12,345" in shown
    assert ("No difference." in shown) is (not changed)


def test_a_file_that_is_no_result_is_as_good_as_none(here: Site) -> None:
    (here.installation.settings.data_dir / FILE).write_bytes(b"{")
    assert "None has been run" in here.visitor("lead@example.org").get("/leak-test").text


def test_it_is_not_shown_to_coders(here: Site) -> None:
    assert here.visitor("ann@example.org").get("/leak-test").status_code == 403
