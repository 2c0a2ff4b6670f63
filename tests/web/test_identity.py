"""Signing in: a login that nobody has takes as long as one that somebody has."""

from service.web.identity import NOBODY, hash_password


def parameters(known: str) -> list[str]:
    return known.split("$")[1:4]


def test_the_hash_that_nobody_has_costs_what_everybody_elses_costs() -> None:
    assert parameters(NOBODY) == parameters(hash_password("a password of somebody"))
