"""The place that speaks SQL: one code path for the embedded SQLite and for PostgreSQL.

``store``        opens transactions, migrates, says whether the database is sound
``transaction``  one transaction and the rooms in it
``schema``, ``migrations/``  which schema the database is at, bringing it up to date
``tables``, ``triggers``, ``engine``  what there is, what is never rewritten, how a connection is set right
``people``, ``credentials``  who, and what opens the door
``corpus``, ``codebooks``, ``vectors``  what is coded, by which scheme, and the vectors
``rounds``, ``codings``, ``chains``  blind coding; codings leave through three doors only
``requests``, ``audits``, ``erasure``  idempotency, acts to answer for, erasing
"""

from service.store.store import Store
from service.store.transaction import Transaction

__all__ = ["Store", "Transaction"]
