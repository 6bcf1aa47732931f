"""What will stop a run before it has begun, and how to put it right."""
