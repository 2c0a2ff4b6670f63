"""The whole way of a suggestion with the default model."""

import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.embedding import Encoder, MemoryVectors, vectors_of
from service.suggestion import FIXED, build_index, texts_of

CODES = {
    "Training and Learning": "Learning what the mentor role asks, in courses and on the job.",
    "Reflective Supervision": "Regular meetings with a supervisor about the feelings that the work leaves behind.",
    "Flexibility": "Meeting times and places can change when life gets in the way.",
    "Boundaries": "What a mentor does not share or do; where the role ends.",
}


@pytest.mark.parametrize(
    ("excerpt", "code"),
    [
        ("They sent me on a two-day course before I met anyone, and I still learned most of it by doing.", "Training and Learning"),
        ("Once a month I sit down with my supervisor and we talk about what the visits do to me.", "Reflective Supervision"),
        ("If he can't do Tuesday we meet on Thursday, wherever suits him.", "Flexibility"),
        ("I don't give out my private number; that's where the role stops.", "Boundaries"),
    ],
)
def test_plain_excerpts_get_the_plain_code_first(encoder: Encoder, excerpt: str, code: str) -> None:
    codes = tuple(Code(name=name, definition=definition) for name, definition in CODES.items())
    codebook = Codebook(variables=(Variable(name="theme", scheme=Scheme.ONE_CODE, codes=codes),))
    texts = texts_of(codebook)
    store = MemoryVectors(capacity=100)
    index = build_index(codebook, texts, vectors_of(encoder, store, [text.text for text in texts]), encoder.identity, FIXED)
    [suggestion] = index.rank(vectors_of(encoder, store, [excerpt]), top=3)
    assert suggestion.variables[0].codes[0].code == code
    assert suggestion.made_by.runtime.startswith(("packed ", "openvino "))
