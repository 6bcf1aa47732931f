"""What is remembered: balanced entries, the journal, and what can be derived from it."""
