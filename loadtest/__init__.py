"""The load-test harness: an independent client that measures a livesrv server over its wire.

It must never import `livesrv` or `protocol`: a mistake that both ends share would not be seen.
"""
