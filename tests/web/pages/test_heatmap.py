"""The triangle of pairs: who stands where, how dark, and the interval in every cell."""

import re
from html import unescape

import pytest

from service.coding.visibility import Role
from service.report.figures import Figure, PairFigures
from service.web.pages.heatmap import shade_of
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site


@pytest.mark.parametrize(("kappa", "shade"), [(None, None), (-0.3, 0), (0, 1), (0.39, 2), (0.799, 4), (0.8, 5), (1, 5)])
def test_the_more_agreement_the_darker(kappa: float | None, shade: int | None) -> None:
    assert shade_of(PairFigures(coders=["Ann", "Ben"], units=3, percent=Figure(value=1), kappa=Figure(value=kappa))) == shade


def test_every_cell_has_the_pairs_kappa_and_its_interval(here: Site) -> None:
    third = here.installation.member(here.study, "cid@example.org", Role.CODER)
    body = {"name": "Three", "kind": "reliability", "policy": "none", "revision": 1, "coders": [*here.coders, third]}
    round_ = here.api.post(f"/studies/{here.study}/rounds", body | {"sample": {"method": "random", "size": 6, "seed": 1}}).json()["id"]
    assert here.api.post(f"/rounds/{round_}/opening").is_success
    for login, codes in (("ann", "110022"), ("ben", "110012"), ("cid", "100022")):
        coded(here.visitor(f"{login}@example.org"), round_, {str(place): code for place, code in enumerate(codes)})
    here.api.post(f"/rounds/{round_}/closing")
    [variable] = here.api.get(f"/rounds/{round_}/agreement").json()["agreement"]["variables"]
    page = here.visitor("lead@example.org").get(f"/rounds/{round_}/agreement").text
    [triangle] = re.findall(r'<table class="matrix pairs num">(.*?)</table>', page, re.DOTALL)
    cells = re.findall(r'<td class="q(\d)">.*?<data value="([^"]*)">[^<]*</data><small>([^<]*)</small>', triangle)
    assert len(variable["pairs"]) == 3
    for pair in variable["pairs"]:
        # One kind of interval for all pairs, and it is not empty.
        limits = pair["kappa"]["interval"]
        assert limits["method"] == "infinitesimal jackknife, t with 5 degrees of freedom"
        assert limits["low"] < pair["kappa"]["value"] < limits["high"]
    assert sorted(value for _, value, _ in cells) == sorted(str(pair["kappa"]["value"]) for pair in variable["pairs"])
    assert all(" to " in unescape(ends) for _, _, ends in cells)
