"""What cbvsynth writes and reads back: whole files, caches, results, verdicts, the ledger."""
