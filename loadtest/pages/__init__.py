"""`loadtest pages`: what the pages cost a viewer's line and phone, seen by a real Chromium."""
