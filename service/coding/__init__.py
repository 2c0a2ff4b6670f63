"""People code blind: rounds, sample and assignments, submitting, sealing, the ledger, and who sees what.

``model``       a round, an assignment, a coding and what it holds
``plan``        what a lead decides of the sample and of who codes it
``planner``     how many excerpts, code by code
``draw``        a seeded draw of excerpts, with the probability of each
``design``      who codes which of them, in which order, and what comes a second time
``arms``        in a round of randomised suggestions, which assignment is shown one
``submission``  what may be submitted, and when
``ledger``      one chain of commitments a person and round, sealed together at the close
``reveal``      what a close reveals, and which of it is blind
``model_coders``  a model configuration that codes a sample beside the people, as data
``visibility``  who sees what in which state of a round: the table of the blindness property

Pure: the store reads and writes around these rules, and nothing here can name a suggestion.
"""
