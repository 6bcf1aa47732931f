"""How long and with which random numbers: `SEED=7 ROUNDS=20 pytest TEST` plays it so."""

import os

SEED = int(os.environ.get("SEED", "1"))
ROUNDS = max(1, int(os.environ.get("ROUNDS", "1")))
"""1 is what `make test` plays; `make soak` plays more."""
EVERYTHING = bool(os.environ.get("EVERYTHING"))
"""Try every case where `make test` tries a sample."""
