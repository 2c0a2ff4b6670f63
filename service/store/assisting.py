"""What a closed round of randomised suggestions tells about them: arms, codings and exposures, read for the report."""

from sqlalchemy import select

from service.agreement.profile import MethodsProfile
from service.coding.ledger import Exposure
from service.coding.model import Arm, PersonId, Round, SuggestionPolicy
from service.coding.reveal import FIRST_OCCASION
from service.corpus.model import ExcerptId
from service.report.assistance import Assistance, effects
from service.report.closed import ClosedRound
from service.store.assignments import Assignments
from service.store.chains import Chains
from service.store.session import Session
from service.store.tables import rounds

Key = tuple[PersonId, ExcerptId]


class Assisting:
    """Reads arms and exposures of rounds that were closed. The caller has seen to it that they were."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def seed(self, round_: Round) -> int | None:
        """Give the seed that drew the arms."""
        return self.session.connection.execute(select(rounds.c.arm_seed).where(rounds.c.id == round_.id)).scalar()

    def effects(self, round_: Round, closed: ClosedRound, profile: MethodsProfile) -> list[Assistance]:
        """Estimate for each variable how far suggestions moved the codings; nothing for a round of another policy."""
        if round_.policy is not SuggestionPolicy.RANDOMISED:
            return []
        return effects(closed, self._arms(round_), self._exposures(round_), profile)

    def _arms(self, round_: Round) -> dict[Key, Arm]:
        turns = Assignments(self.session).of(round_.id)
        return {(turn.person_id, turn.excerpt_id): turn.arm for turn in turns if turn.arm is not None and turn.occasion == FIRST_OCCASION}

    def _exposures(self, round_: Round) -> dict[Key, list[tuple[int, Exposure]]]:
        found: dict[Key, list[tuple[int, Exposure]]] = {}
        for coder in round_.coders:
            excerpt_of = {str(turn.id): turn.excerpt_id for turn in Assignments(self.session).of(round_.id, coder)}
            for sequence, exposure in Chains(self.session).exposures(round_.id, coder):
                found.setdefault((coder, excerpt_of[exposure.assignment_id]), []).append((sequence, exposure))
        return found
