"""Tests of scenarios: how they are read, and what comes of them."""
