"""A ledger that somebody rewrote behind the service's back does not verify."""

import pytest
from sqlalchemy import text

from service.coding.ledger import ROUND_CHAIN, first_break, keeps_commitment, seal
from service.coding.model import PersonId, RoundId
from service.store import Store
from tests.store.scene import Scene


def tamper(store: Store, statement: str, **values: object) -> None:
    """Do what the triggers forbid, as somebody with the file in hand could."""
    with store.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for table in ("ledger", "codings", "ledger_contents"):
                for act in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER keep_{table}_{act}"))
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.execute(text(statement), values)


def broken(scene: Scene, round_id: RoundId, person: PersonId) -> int | None:
    with scene.store.reading() as tx:
        return first_break(tx.chains.chain(round_id, person))


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        pytest.param("UPDATE ledger SET at = '2020-01-01T00:00:00.000000Z' WHERE person_id = :p AND sequence = 3", 3, id="a time"),
        pytest.param("UPDATE ledger SET commitment = head WHERE person_id = :p AND sequence = 2", 2, id="a commitment"),
        pytest.param("UPDATE ledger SET kind = 'exposure' WHERE person_id = :p AND sequence = 1", 1, id="a kind"),
        pytest.param("UPDATE ledger SET sequence = sequence + 9 WHERE person_id = :p AND sequence > 4", 5, id="the numbering"),
    ],
)
def test_a_rewritten_entry_is_seen_at_its_place(scene: Scene, statement: str, place: int) -> None:
    round_id = scene.open()
    scene.code_all(round_id, scene.coders[0])
    assert broken(scene, round_id, scene.coders[0]) is None
    tamper(scene.store, statement, p=scene.coders[0])
    assert broken(scene, round_id, scene.coders[0]) == place


def test_a_rewritten_content_no_longer_fits_its_commitment(scene: Scene) -> None:
    round_id = scene.open()
    [coding, *_] = scene.code_all(round_id, scene.coders[0])
    assert kept(scene.store, coding)
    this = "entry_id = (SELECT codings.entry_id FROM codings WHERE id = :id)"
    tamper(scene.store, f"UPDATE ledger_contents SET content = salt WHERE {this}", id=coding)
    assert not kept(scene.store, coding)


def test_a_tail_cut_off_before_the_close_is_seen_by_the_seal_kept_elsewhere(scene: Scene) -> None:
    round_id = scene.open()
    scene.code_all(round_id, scene.coders[0])
    published = scene.close(round_id)
    last = len(scene.excerpts)
    if scene.store.engine.dialect.name == "sqlite":
        tamper(scene.store, "UPDATE ledger SET person_id = 'gone' WHERE person_id = :p AND sequence = :n", p=scene.coders[0], n=last)
    else:
        tamper(scene.store, "DELETE FROM ledger WHERE person_id = :p AND sequence = :n", p=scene.coders[0], n=last)
    assert broken(scene, round_id, scene.coders[0]) is None
    with scene.store.reading() as tx:
        heads = [tx.chains.chain(round_id, ROUND_CHAIN)[-2], tx.chains.chain(round_id, scene.coders[0])[-1]]
    assert seal(heads) != published


def kept(store: Store, coding: str) -> bool:
    query = """SELECT commitment, salt, content FROM codings JOIN ledger ON ledger.id = codings.entry_id
        JOIN ledger_contents ON ledger_contents.entry_id = ledger.id WHERE codings.id = :id"""
    with store.engine.connect() as connection:
        commitment, salt, content = connection.execute(text(query), {"id": coding}).one()
    return keeps_commitment(commitment, bytes(salt), bytes(content))
