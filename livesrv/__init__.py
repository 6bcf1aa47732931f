"""A real-time server for live-stream commerce."""

__version__ = "0.1.0"
