"""One file or folder a question; the README says how to run and read each."""
