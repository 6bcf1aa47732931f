"""What `locust -f` takes: one kind of user, and what listens beside it."""

from locust import events

from loadtest.locust.user import Person, listen

__all__ = ["Person"]

listen(events)
