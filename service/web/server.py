"""How the service listens: the loopback unless told otherwise, TLS wherever others can reach it."""

import os
import resource
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings

from service.errors import BadInput
from service.settings import PREFIX, Settings

HEADER_READ_MS = 5_000
WAITING_CONNECTIONS = 20_000
CONNECTIONS_AT_ONCE = 16_384
"""Open connections a web process keeps, silent ones included; below the crowd that may come, the rest would not be let in at all."""
MOST_FILES = 65_536
STOPS_WITHIN_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to listen and by what certificate."""

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    certificate: Path | None = None
    key: Path | None = None
    plain_http: bool = False
    workers: int = 1

    def settings(self, settings: Settings) -> Settings:
        """Give the settings with the public URL that fits, or refuse a public address without TLS."""
        url = (self.public_url or settings.public_url or self._local_url()).rstrip("/")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
            message = "The public URL is an address such as https://coding.example.org, without a path."
            raise BadInput(message)
        if (self.certificate is None) != (self.key is None):
            message = "TLS needs both --certificate and --key."
            raise BadInput(message)
        exposed = not is_loopback(self.host) or not is_loopback(parts.hostname or "")
        if exposed and parts.scheme != "https" and not self.plain_http:
            message = (
                "Others would reach this address without TLS, so passwords and excerpts could be read on the way. Give --certificate and "
                "--key, or put a TLS proxy in front and give its https address as --public-url; --plain-http listens all the same."
            )
            raise BadInput(message)
        return replace(settings, public_url=url)

    def _local_url(self) -> str:
        scheme = "https" if self.certificate else "http"
        host = self.host if is_loopback(self.host) else "127.0.0.1"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a host name or address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def run(settings: Settings, listening: Listening) -> None:
    """Serve until stopped. The web processes read the settings from the environment, as under any other server."""
    _allow_files()
    os.environ |= {f"{PREFIX}PUBLIC_URL": settings.public_url, f"{PREFIX}LOG_LEVEL": settings.log_level}
    Granian(
        "service.__main__:app",
        factory=True,
        interface=Interfaces.ASGI,
        address=listening.host,
        port=listening.port,
        workers=listening.workers,
        backlog=WAITING_CONNECTIONS,
        backpressure=CONNECTIONS_AT_ONCE,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_MS),
        ssl_cert=listening.certificate,
        ssl_key=listening.key,
        respawn_failed_workers=True,
        # Two signals at once (Ctrl+C reaches worker and parent, and the parent tells the worker) can block a worker for good.
        workers_kill_timeout=STOPS_WITHIN_S,
        log_enabled=False,
    ).serve()


def _allow_files() -> None:
    # Many systems allow a process 1,024 open files unless it asks for more, and each connection is one.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = min(most, MOST_FILES) if most != resource.RLIM_INFINITY else MOST_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
