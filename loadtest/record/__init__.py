"""What a run leaves behind: its figures, what each means, and the folder they are kept in."""
