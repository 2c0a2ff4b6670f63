"""The key of a training round, read from the earlier round that it stands in."""

from service.agreement.profile import MethodsProfile
from service.coding.adjudication import present_codings
from service.coding.model import Answer, KeyFrom, Round
from service.corpus.model import ExcerptId
from service.report.closed import ClosedRound
from service.report.training import Key, Training, training
from service.store.adjudications import Adjudications
from service.store.codings import Codings
from service.store.people import People
from service.store.rounds import Rounds
from service.store.session import Session


class Keys:
    """Reads keys and compares a round's coders with them."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def training(self, round_: Round, closed: ClosedRound, profile: MethodsProfile) -> Training | None:
        """Compare a training round's coders with its key; None without one, or while the key's own round is open again."""
        found = self.of(round_)
        if found is None:
            return None
        staying = {person: name for person, name in closed.coders.items() if person not in round_.leavers}
        return training(*found, closed.revealed, closed.codebook, coders=staying, profile=profile)

    def of(self, round_: Round) -> tuple[str, Key] | None:
        """Give a training round's key, of the excerpts of its sample, after a sentence on where it is from."""
        key_from = Rounds(self.session).key(round_.id)
        if key_from is None or not Rounds(self.session).get(key_from.round_id).state.is_revealed:
            return None
        whole = self.key(key_from)
        sample = [drawn.excerpt_id for drawn in Rounds(self.session).sample(round_.id)]
        return self._source(key_from), {excerpt: whole[excerpt] for excerpt in sample if excerpt in whole}

    def key(self, key_from: KeyFrom) -> Key:
        """Give the right answers by excerpt: what was resolved, or what one coder gave."""
        if key_from.person_id is None:
            return self._resolved(key_from.round_id)
        present = present_codings(Codings(self.session).revealed(key_from.round_id))
        own = {excerpt: coding for (person, excerpt), coding in present.items() if person == key_from.person_id}
        return {excerpt: coding.content.answers for excerpt, coding in own.items() if coding.content is not None}

    def _resolved(self, round_id: str) -> Key:
        found: dict[ExcerptId, tuple[Answer, ...]] = {}
        for (excerpt, _), standing in Adjudications(self.session).standing(round_id).items():
            if standing.resolution is not None:
                found[excerpt] = (*found.get(excerpt, ()), standing.resolution.answer)
        return found

    def _source(self, key_from: KeyFrom) -> str:
        name = Rounds(self.session).get(key_from.round_id).name
        if key_from.person_id is None:
            return f"The key is what was resolved in {name}"
        return f"The key is what {People(self.session).get(key_from.person_id).name} gave in {name}"
