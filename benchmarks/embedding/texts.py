"""The texts that every runtime embeds: workloads W and S, put together from clauses with a seed, or the lines of a file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

CLAUSES = {
    "training": "the course lasted two days | we practised first | nobody showed me how to listen | I learnt it by doing it",
    "supervision": "she asks how I am | we look at what the visits do to me | once a month we sit down | I could say I was angry",
    "boundaries": "I do not give out my number | that is where the role ends | he asked me for money | I had to say no to her",
    "flexibility": "we meet on Thursday instead | any place that suits him | some weeks it is every day | the times keep changing",
    "clarity": "nobody told us whose job it was | I did not know what they wanted | the form explains it | it was clear from the start",
    "family": "my mother came round in the end | the children ask where he is | we eat together on Sundays | his sister drives him there",
    "work": "they gave me a trial shift | the manager knew about my record | I get up at five for it | a proper contract came in spring",
    "housing": "the hostel shuts at ten | I slept on a floor for weeks | now there is a door I can lock | the landlord never answered",
    "trust": "it took months before he talked | she kept what I told her | I test people first | he always turned up",
    "health": "the doctor changed the tablets | I sleep better when I walk | my head was all over the place | waiting lists are endless",
    "money": "the benefits stopped without a letter | there was nothing left for the bus | I borrowed and paid it back | bills frighten me",
    "identity": "I am more than what I did | they look at me as a person now | people cross the street | I like who I am becoming",
    "offending": "the old friends still call | it was easy money | I have not been back inside | every corner reminds me of it",
    "education": "I read my first whole book | the college let me try | maths was the worst | she helped me with the application",
    "value": "they asked for my opinion | I got a badge with my name | somebody thanked me | I have something to give",
    "loneliness": "evenings are the worst | nobody rings at the weekend | I talk to the radio | one coffee a week keeps me going",
    "authority": "probation has its own rules | the officer listened for once | they write everything down | I was sent from desk to desk",
    "travel": "two buses and a long walk | the train was cancelled again | he waited for me at the station | I had never left the county",
    "future": "I want my own workshop | next year looks possible | one day at a time | I can see myself helping others",
    "group": "we laugh a lot in the group | everyone gets a turn to speak | the circle went quiet | I said it out loud for the first time",
}
QUALIFIERS = (
    "as an opportunity",
    "as a difficulty",
    "in the beginning",
    "over time",
    "with a mentor",
    "with professionals",
    "in prison",
    "after release",
    "as seen by the mentor",
    "as seen by the service",
)
LINKS = ("and then", "because", "so", "but", "I mean", "you know", "and", "honestly")
LONGEST = {"W": 235, "S": 120}
MEAN = {"W": 54, "S": 17}
"""Words; with punctuation and the two special tokens of the default model, means of about 60 and 19 tokens."""


def workload(name: str, count: int, seed: int) -> list[str]:
    """Lognormal lengths (sigma .6), at most what the model reads; each text mostly on one topic."""
    rng = np.random.default_rng(seed)
    sigma = 0.6
    lengths = np.clip(rng.lognormal(np.log(MEAN[name]) - sigma**2 / 2, sigma, count), 1, LONGEST[name]).astype(int)
    return [_talk(int(length), rng) for length in lengths]


def from_file(path: Path) -> list[str]:
    """Every line that is not blank."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def near_duplicate_codes() -> list[str]:
    """200 codes: twenty topics, each in ten wordings that share most of their words."""
    return [f"Talk about {topic} {qualifier}" for topic in CLAUSES for qualifier in QUALIFIERS]


def _talk(length: int, rng: np.random.Generator) -> str:
    words: list[str] = []
    for clause in _clauses(rng):
        words += clause.split()
        if len(words) >= length:
            break
    return " ".join(words[:length])


def _clauses(rng: np.random.Generator) -> Iterator[str]:
    topics = list(CLAUSES)
    own = topics[int(rng.integers(len(topics)))]
    while True:
        topic = own if rng.random() < 0.75 else topics[int(rng.integers(len(topics)))]
        clauses = CLAUSES[topic].split(" | ")
        yield clauses[int(rng.integers(len(clauses)))] + ","
        yield LINKS[int(rng.integers(len(LINKS)))]
