"""compose.yaml and the Dockerfile fit the program: its commands, its settings, no secret with a default."""

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import cast

import click
import msgspec
import pytest
import yaml

from service.cli import main
from service.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "compose.yaml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


class Healthcheck(msgspec.Struct, forbid_unknown_fields=True):
    """When a container counts as well."""

    test: list[str]
    interval: str
    retries: int = 3
    start_period: str = "0s"


class Waits(msgspec.Struct, forbid_unknown_fields=True):
    """What another service must have reached before this one starts."""

    condition: str


class Config(msgspec.Struct, forbid_unknown_fields=True):
    """A file that compose.yaml holds itself."""

    content: str


class Place(msgspec.Struct, forbid_unknown_fields=True):
    """Where a service finds a config."""

    source: str
    target: str


class Service(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The part of the Compose file format that is used here; any other key is a typing slip."""

    image: str
    security_opt: list[str]
    read_only: bool
    environment: dict[str, str]
    build: str | None = None
    command: list[str] = []
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    cap_add: list[str] = []
    ports: list[str] = []
    volumes: list[str] = []
    configs: list[Place] = []
    healthcheck: Healthcheck | None = None
    depends_on: dict[str, Waits] = {}
    restart: str = "no"


class Compose(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    name: str
    shared: Service = msgspec.field(name="x-intercoder")
    services: dict[str, Service]
    configs: dict[str, Config]
    volumes: dict[str, None]


@pytest.fixture(scope="module")
def compose() -> Compose:
    return msgspec.convert(yaml.safe_load(TEXT), Compose)


def test_what_a_service_names_is_declared(compose: Compose) -> None:
    for service in compose.services.values():
        assert {volume.partition(":")[0] for volume in service.volumes} <= compose.volumes.keys()
        assert {place.source for place in service.configs} <= compose.configs.keys()
        assert service.depends_on.keys() <= compose.services.keys()


def test_a_service_waits_only_for_what_can_come_about(compose: Compose) -> None:
    for service in compose.services.values():
        for name, waits in service.depends_on.items():
            other = compose.services[name]
            assert waits.condition in {"service_healthy", "service_completed_successfully"}
            assert (waits.condition == "service_healthy") == (other.healthcheck is not None)


def test_commands_are_those_of_the_command_line(compose: Compose) -> None:
    commands = [service.command for service in compose.services.values() if service.build]
    commands += [cast("list[str]", yaml.safe_load(found)) for found in re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)]
    assert [command[0] for command in commands] == ["init", "serve", "serve"]
    for command in commands:
        parse(command)


def test_a_command_that_is_not_there_is_seen() -> None:
    with pytest.raises(click.UsageError):
        parse(["serve", "--no-such-option"])
    with pytest.raises(click.UsageError):
        parse(["no-such-command"])


def test_settings_are_those_of_the_program() -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", TEXT + DOCKERFILE))
    assert named <= {PREFIX + setting.name.upper() for setting in fields(Settings)}


def test_what_differs_between_installations_is_asked_for_and_never_guessed() -> None:
    asked = re.findall(r"(?<!\$)\$\{([A-Z_]+)([^}]*)\}", TEXT)
    assert {name for name, _ in asked} == {"POSTGRES_PASSWORD", "INTERCODER_PUBLIC_URL", "INTERCODER_SECRET_KEY"}
    assert [name for name, rest in asked if not rest.startswith(f":?set {name} to ")] == []


def test_no_secret_is_written_down(compose: Compose) -> None:
    for service in compose.services.values():
        secrets = [value for name, value in service.environment.items() if "PASSWORD" in name or "SECRET" in name]
        assert all(value.startswith("${") for value in secrets)
        assert not re.search(r"//\w+:", service.environment.get("INTERCODER_DATABASE_URL", ""))


def test_only_the_proxy_is_reached_from_outside(compose: Compose) -> None:
    assert {name for name, service in compose.services.items() if service.ports} == {"proxy"}
    assert compose.services["web"].environment["INTERCODER_TRUSTED_PROXY"] == "1"


def test_containers_are_closed_up(compose: Compose) -> None:
    for service in compose.services.values():
        assert service.read_only
        assert service.security_opt == ["no-new-privileges:true"]
        assert re.search(r":[\d.]+[\w.-]*$", service.image), "an image is pinned by its tag"
    assert DOCKERFILE.rindex("\nUSER intercoder\n") > DOCKERFILE.rindex("\nRUN ")


def test_the_image_is_built_from_the_locks() -> None:
    for lock in ("requirements-torch.lock", "requirements.lock"):
        assert re.search(rf"pip install --no-deps --require-hashes .*-r {lock}", DOCKERFILE)
        assert not re.search(r"https?://", (ROOT / lock).read_text())


def test_what_the_image_copies_is_let_in() -> None:
    copied = {word for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for word in shlex.split(line)[:-1]}
    let_in = {line[1:].partition("/")[0] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


def parse(command: list[str]) -> None:
    """Read a command line as the program would, without running it."""
    with main.make_context("intercoder", [*command]) as context:
        name, subcommand, arguments = main.resolve_command(context, command)
        assert subcommand is not None
        subcommand.make_context(name, arguments, parent=context)
