"""The rows of the table: each starts what it needs, measures, and says what it found."""
