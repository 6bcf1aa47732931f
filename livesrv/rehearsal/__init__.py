"""The rehearsal: a second server beside the real one, for practice, and an audience for it.

    supervisor ─ rehearsal ── a supervisor of its own ── ledger, bus, back office, one worker
                     │                                        ▲
                     └─ director ── `loadtest audience` ──────┘     for each live room
    worker-N ─ proxy ─ /rehearsal/… ────────────────────────────▶ that one worker

The two servers share no store, no process and no URL, only the key that signs tokens; so nothing
that is done in one can stand in the books of the other.
"""
