"""What is noted while clients play, and what must follow from it."""
