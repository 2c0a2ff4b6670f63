"""Where the service listens, and what it answers to."""

from pathlib import Path

import pytest

from service.errors import BadInput
from service.settings import Settings
from service.web.server import Listening, is_loopback
from service.web.surface import hosts_of


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1"])
def test_the_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "", "localhost.example.org"])  # noqa: S104
def test_anything_else_may_be_reached_by_others(host: str) -> None:
    assert not is_loopback(host)


def test_on_the_loopback_the_public_url_is_the_loopbacks() -> None:
    assert Listening(port=8123).settings(Settings()).public_url == "http://127.0.0.1:8123"


def test_the_setting_names_the_public_url_and_the_option_wins() -> None:
    settings = Settings(public_url="https://a.example.org")
    assert Listening().settings(settings).public_url == "https://a.example.org"
    assert Listening(public_url="https://b.example.org/").settings(settings).public_url == "https://b.example.org"


def test_behind_a_tls_proxy_any_address_is_taken() -> None:
    listening = Listening(host="::", public_url="https://coding.example.org")
    assert listening.settings(Settings()).public_url == "https://coding.example.org"


def test_with_a_certificate_the_own_url_is_https(tmp_path: Path) -> None:
    listening = Listening(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    assert listening.settings(Settings()).public_url.startswith("https://127.0.0.1")


def test_a_public_address_without_tls_is_refused_unless_told_otherwise() -> None:
    exposed = Listening(host="::", public_url="http://coding.example.org")
    with pytest.raises(BadInput, match="without TLS"):
        exposed.settings(Settings())
    told = Listening(host="::", public_url="http://coding.example.org", plain_http=True)
    assert told.settings(Settings()).public_url == "http://coding.example.org"


@pytest.mark.parametrize("url", ["coding.example.org", "ftp://example.org", "https://", "https://example.org/path"])
def test_a_public_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="https://coding"):
        Listening(public_url=url).settings(Settings())


def test_the_service_answers_to_the_loopback_and_its_public_name() -> None:
    assert hosts_of("https://coding.example.org:8443") == {"localhost", "127.0.0.1", "[::1]", "coding.example.org:8443"}
    assert hosts_of("") == {"localhost", "127.0.0.1", "[::1]"}
