"""What shall happen in a run: who comes, where to, doing what and when; what is expected."""
