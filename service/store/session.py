"""One transaction's surroundings: the connection, the clock and the source of random bytes."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, select

from service.store.tables import studies


class Clock(Protocol):
    """Where the time comes from; tests turn it by hand."""

    def now(self) -> datetime:
        """Give the time, with its zone."""
        ...


class Entropy(Protocol):
    """Where random bytes come from: ids, salts and secrets."""

    def bytes(self, count: int) -> bytes:
        """Give ``count`` bytes nobody can foretell."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present time in UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """The operating system's random source."""

    def bytes(self, count: int) -> bytes:
        """Give ``count`` bytes from the operating system."""
        return secrets.token_bytes(count)


def stamp(moment: datetime) -> str:
    """Write a time the way the store keeps it: RFC 3339, UTC, microseconds, always 27 characters."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Session:
    """What every room of the store works with inside one transaction."""

    connection: Connection
    clock: Clock
    entropy: Entropy
    key: bytes

    def hold(self, study_id: str) -> None:
        """Let nobody else change this study's documents, codebook, people and plans until the transaction ends; coding goes on."""
        query = select(studies.c.id).where(studies.c.id == study_id)
        self.connection.execute(query.with_for_update(key_share=True))  # the embedded database has one writer and needs no lock

    def now(self) -> str:
        """Give the present time as the store keeps it."""
        return stamp(self.clock.now())

    def after(self, span: timedelta) -> str:
        """Give the time one span from now."""
        return stamp(self.clock.now() + span)

    def new_id(self) -> str:
        """Make an id that tells nothing: uuid4."""
        return str(uuid.UUID(bytes=self.entropy.bytes(16), version=4))

    def new_secret(self, prefix: str) -> tuple[str, str]:
        """Make a secret to show once, and the keyed hash to keep."""
        secret = prefix + self.entropy.bytes(24).hex()
        return secret, self.hash(secret)

    def hash(self, secret: str) -> str:
        """Hash a secret with the installation's key, so that a stolen table opens nothing."""
        return hmac.new(self.key, secret.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
