"""Intercoder, room by room: a room imports only what stands below it, and coding and suggestion cannot see each other.

cli         `intercoder …`: the command line
__main__    reads the environment once and hands the app to the server
leaktest    two worlds side by side: what a coder can learn of the others, tried out
app         create_app(settings): where everything is put together
web         the place that speaks HTTP: JSON, pages, identity, problems
demo        a study of our own writing, to try the service on
store       the place that speaks SQL, and the three doors to codings
report      what the lead reads: tables, charts, disagreements, methods text
suggestion  the model suggests: ranking codes, with the provenance of each suggestion
coding      people code blind: rounds, assignments, submitting, the ledger
exchange    formats: bytes to documents, codebooks and codings, and back
embedding   excerpt to vector: encoder, model registry, vector cache
codebook    by which schema: codes, their hierarchy, immutable revisions
corpus      what is coded: documents, excerpts, segmentation
agreement   codings to agreement: pure statistics, usable from a notebook
settings    what differs between installations, read once
errors      what the service declines to do
"""

import os

# numpy's threads otherwise spin for some 25 ms after every product, on processors that the model and the next request wait for. Read once,
# when numpy is loaded, so it has to stand before everything else; whoever sets it outside is not overruled.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
