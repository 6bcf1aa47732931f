"""The instrument proved: what a server does wrong by known amounts, the harness must report."""
