"""One generator process: its share of the people, at the moments of the schedule."""
