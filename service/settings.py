"""Settings: read once from the environment by the command line or ``__main__``, then passed as an argument."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from service.errors import BadInput

PREFIX = "INTERCODER_"


def _default_data() -> Path:
    return Path("data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between installations; docs/settings.md says what each is for."""

    data_dir: Path = field(default_factory=_default_data)
    database_url: str = ""
    models_dir: Path = Path("models")
    model: str = "all-MiniLM-L6-v2"
    model_server_key: str = ""
    secret_key: str = ""
    public_url: str = ""
    trusted_proxy: bool = False
    log_level: str = "INFO"
    suggestions_per_minute: int = 60_000
    language_model_servers: str = ""
    language_model_keys: str = ""
    language_model_calls_per_day: int = 5_000

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``INTERCODER_*`` variables; one that no setting has is an error, so that a typing slip is not silence."""
        known = {PREFIX + setting.name.upper(): setting for setting in fields(cls)}
        given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        if unknown := sorted(set(given) - set(known)):
            message = f"Unknown setting {unknown[0]}. Known: {', '.join(known)}."
            raise BadInput(message)
        return cls(**{known[name].name: _read(name, value, known[name].type) for name, value in given.items()})  # pyright: ignore[reportArgumentType]

    @property
    def database(self) -> str:
        """The database's URL: the one given, or the embedded database in the data folder."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'intercoder.sqlite').absolute()}"


def _read(name: str, value: str, kind: object) -> str | bool | int | Path:
    if kind is Path:
        return Path(value)
    if kind is int:
        return _number(name, value)
    if kind is bool:
        if value not in {"0", "1"}:
            message = f"{name} is 0 or 1, not {value!r}."
            raise BadInput(message)
        return value == "1"
    return value


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value)):
        message = f"{name} is a whole number from 1 on, not {value!r}."
        raise BadInput(message)
    return int(value)
