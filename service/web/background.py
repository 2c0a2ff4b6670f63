"""Work that follows from the state of the database: excerpts without a vector, rounds past their closing date.

Nothing is queued: what is left to do is read off the database each time, so a kill costs one batch at most, and two
processes at it do the same work twice at worst.
"""

import logging
from pathlib import Path
from threading import Event, Thread

from service.agreement import distributions
from service.embedding import EncoderService, Failed, Loading, ModelKey, Ready, State, embed_missing, read_manifest
from service.errors import Refusal
from service.store import Store
from service.web.suggesting import Suggesting

LOG = logging.getLogger("intercoder.background")
PAUSE_S = 1.0
TEXTS_AT_ONCE = 512


class Background:
    """One thread that embeds what has no vector and closes what is due; ``wake`` makes it look at once."""

    def __init__(self, store: Store, encoder: EncoderService, models_dir: Path, model: str, suggesting: Suggesting) -> None:
        self.store = store
        self._suggesting = suggesting
        self.encoder = encoder
        self._models_dir = models_dir
        self._model = model
        self._scrubbed = False
        self._woken = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="background", daemon=True)

    def start(self) -> None:
        """Begin, beside the requests."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that runs."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout=10)

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def model(self) -> ModelKey:
        """Say which model's vectors are kept; known from the manifest, before the model is loaded."""
        state = self.encoder.state()
        if isinstance(state, Ready):
            return ModelKey(state.identity.name, state.identity.revision)
        return ModelKey(self._model, read_manifest(self._models_dir, self._model).revision)

    def state(self) -> State:
        """Say how the model is."""
        return self.encoder.state()

    def close_due(self) -> None:
        """Close every round whose date has come."""
        with self.store.reading() as tx:
            due = tx.rounds.due()
        for round_id in due:
            with self.store.writing() as tx:
                tx.rounds.close(round_id, None)
            LOG.info("closed by date", extra={"facts": {"round": round_id}})

    def erase_due(self) -> None:
        """Erase every study whose time has come; at the first look also what a killed process had erased and not scrubbed."""
        with self.store.reading() as tx:
            due = tx.retentions.due()
        for study in due:
            with self.store.writing() as tx:
                erased = tx.retentions.erase(study)
            LOG.info("erased by date", extra={"facts": {"study": study, "here": erased}})
            self._scrubbed = False
        if not self._scrubbed:
            self.store.scrub()
            self._scrubbed = True

    def embed(self) -> None:
        """Embed excerpts without a vector until there is none left or the service stops."""
        while not self._stopping.is_set() and not isinstance(self.encoder.state(), Failed):
            with self.store.reading() as tx:
                texts = tx.vectors.missing(self.model(), limit=TEXTS_AT_ONCE)
            if not texts:
                return
            embed_missing(self.encoder.bulk(), self.store.vectors, texts)

    def fit(self) -> None:
        """Fit suggestions to what closed rounds resolved, once a snapshot."""
        if isinstance(self.encoder.state(), Ready):
            self._suggesting.fit_missing()

    def prepare(self) -> None:
        """Load what the first report would wait for, once it no longer keeps the model waiting."""
        if not isinstance(self.encoder.state(), Loading):
            distributions.load()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for work in (self.close_due, self.erase_due, self.embed, self.fit, self.prepare):
                try:
                    work()
                except Refusal as refusal:
                    LOG.info("waits", extra={"facts": {"why": refusal.detail}})
            self._woken.wait(PAUSE_S)
            self._woken.clear()
