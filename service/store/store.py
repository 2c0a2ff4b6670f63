"""The store: opens transactions, brings the schema up to date and says whether the database is sound."""

import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, TimeoutError  # noqa: A004

from service.embedding import ModelKey, TextKey, Vector
from service.errors import Unavailable
from service.store import engine as engines
from service.store import schema, triggers
from service.store.session import Clock, Entropy, Session, SystemClock, SystemEntropy
from service.store.transaction import Transaction

NO_ANSWER = "The database does not answer (full, locked or gone). Send the request again with the same key: nothing is stored twice."


class Store:
    """The place that speaks SQL; ``key`` hashes secrets and belongs to the installation."""

    def __init__(
        self, url: str, key: bytes, *, clock: Clock | None = None, entropy: Entropy | None = None, trace: engines.Trace | None = None
    ) -> None:
        self.engine = engines.make_engine(url, trace)
        self._key = key
        self._writers = threading.Lock() if self.engine.dialect.name == "sqlite" else None
        self.clock = clock or SystemClock()
        self.entropy = entropy or SystemEntropy()

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """Open a transaction that only reads."""
        with self._session(writes=False) as transaction:
            yield transaction

    @contextmanager
    def writing(self) -> Generator[Transaction]:
        """Open a transaction that writes; it commits when the block ends well and leaves no trace when it does not."""
        with self._turn(), self._session(writes=True) as transaction:
            yield transaction

    @contextmanager
    def _turn(self) -> Generator[None]:
        """Wait for the embedded database, which takes one writer at a time.

        Left to itself it lets each that waits sleep for up to a tenth of a second, whoever may have become ready meanwhile.
        """
        if self._writers is None:
            yield
        elif self._writers.acquire(timeout=engines.WAIT_MS / 1000):
            try:
                yield
            finally:
                self._writers.release()
        else:
            raise Unavailable(NO_ANSWER)

    @contextmanager
    def _session(self, *, writes: bool) -> Generator[Transaction]:
        with _answering(), self.engine.connect().execution_options(writes=writes) as connection, connection.begin():
            yield Transaction(Session(connection, self.clock, self.entropy, self._key))

    @property
    def vectors(self) -> "KeptVectors":
        """The embedding room's seam to the store."""
        return KeptVectors(self)

    def migrate(self) -> None:
        """Bring the schema to this version's, then make sure that every trigger is there."""
        with _answering(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7236510)"))  # two processes starting at once
            schema.upgrade(connection)
            triggers.restore(connection)

    def check_schema(self) -> None:
        """Refuse a database that is not there yet, or that another version made."""
        with _answering(), self.engine.connect() as connection:
            schema.check(connection)

    def faults(self) -> list[str]:
        """Say what is wrong with schema, triggers or engine settings; quick enough for every start."""
        with _answering(), self.engine.connect() as connection:
            found = schema.faults(connection)
            return found or [*self._trigger_faults(connection), *engines.faults(connection)]

    def schema(self) -> str:
        """Say which schema the database is at."""
        with _answering(), self.engine.connect() as connection:
            return schema.present(connection) or "nothing"

    def integrity(self) -> list[str]:
        """Look through the whole embedded database for damage; takes as long as the database is large."""
        with _answering(), self.engine.connect() as connection:
            return engines.integrity(connection)

    def scrub(self) -> None:
        """Bring erased bytes out of the write-ahead log."""
        engines.scrub(self.engine)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def _trigger_faults(self, connection: Connection) -> list[str]:
        missing = set(triggers.expected(connection.dialect.name)) - triggers.sound(connection)
        return [f"trigger {name} is missing, disabled or changed" for name in sorted(missing)]


@dataclass(frozen=True, slots=True)
class KeptVectors:
    """Vectors as the embedding room asks for them: each call is a transaction of its own."""

    store: Store

    def get(self, model: ModelKey, keys: Sequence[TextKey]) -> Mapping[TextKey, Vector]:
        """Give the vectors that are there."""
        with self.store.reading() as tx:
            return tx.vectors.get(model, keys)

    def put(self, model: ModelKey, vectors: Mapping[TextKey, Vector]) -> None:
        """Keep vectors, all or none."""
        with self.store.writing() as tx:
            tx.vectors.put(model, vectors)


@contextmanager
def _answering() -> Generator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise Unavailable(NO_ANSWER) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        message = "The database file is damaged. Stop the service, run `intercoder check-store` and bring back the newest sound backup."
        raise Unavailable(message) from error
