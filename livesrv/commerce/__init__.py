"""What may be said and sold in a room, and the ledger entry that each such thing becomes."""
