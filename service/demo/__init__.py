"""The demo study: interviews on peer mentoring written for it, a codebook, a closed round of simulated coders and an open one to try."""
