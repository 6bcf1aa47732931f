"""One run: prepared, played by its crews, drained, compared with the ledger, judged."""
