"""Locust drives a scenario: on one machine, or with workers on many. Needs `livesrv[locust]`.

    pip install 'livesrv[locust]'
    locust -f "$(python -m loadtest.locust)" --host http://127.0.0.1:8080 \\
        --scenario steady-evening --headless -u 500 -r 100

plays the scenario scaled to 500 people, and ends when it is over, or after `--run-time`. Without
`--headless` it is begun from Locust's pages. With `--processes 2`, or with one `locust --master`
and a `locust --worker` for each core of each machine, as Locust's manual has it, the same people
are spread over all workers:

    locust -f "$(python -m loadtest.locust)" --master --expect-workers 2 --headless \\
        --host http://10.0.0.1:8080 --scenario steady-evening -u 50000 -r 1000
    locust -f "$(python -m loadtest.locust)" --worker --master-host 10.0.0.9

A Locust user is one person of the scenario. The show begins when all users are there; what a person
does, and when, is the scenario's. Locust's own statistics have what was measured, in milliseconds
from the intended moments; its failures have errors by code, closes by code, and whatever was lost,
doubled or reordered. At the end the accounts of all workers are compared with the server's ledger,
our report is printed and kept as `loadtest run` does, and the exit code is that of `loadtest run`.

The players are not Locust's greenlets: each worker has one crew as a child, which is asyncio as
always, and the master has a child that directs the run:

    director  =socket=  master  =Locust's messages=  worker  =socket=  crew
                                                     Person  -- come, go -->

So each worker machine needs the same version of livesrv and of Python, and the server's secret:
in LIVESRV_JWT_SECRET, or where `loadtest run` finds it. What master and workers tell each other is
signed with that secret and does not contain it. The machines' clocks must agree (NTP): a comment
that one machine sent and another received is late by what their clocks differ.
"""

from importlib.util import find_spec

if find_spec("locust") is None:
    raise ImportError(
        "loadtest.locust needs Locust, which is not installed: pip install 'livesrv[locust]'"
    )
