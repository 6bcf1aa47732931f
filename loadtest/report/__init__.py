"""A record shown: in the terminal while it comes about and afterwards, as a page, and for CI."""
