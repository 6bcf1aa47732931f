"""/metrics: one scrape tells of every process, to those who may ask."""

import asyncio

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server import Serve, Server
from tests.waiting import until_awaited

from .api import Answer, Http
from .client import JSON
from .stage import Stage, fresh

PROCESSES = {"worker-0", "worker-1", "backoffice"}
PASSED_ON = {"X-Forwarded-For": "203.0.113.7"}

Found = dict[tuple[str, str], float]
"""Sample's name and `process` -> its value, summed over other labels."""


async def scrape(http: Http) -> Found:
    answer = await http.ask("GET", "/metrics")
    assert answer.status == 200, answer
    assert answer.content_type == "text/plain"
    found: Found = {}
    for family in text_string_to_metric_families(answer.body):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, sample.labels["process"])
            found[key] = found.get(key, 0.0) + sample.value
    return found


def processes(found: Found) -> set[str]:
    return {process for _, process in found}


async def total(http: Http, name: str) -> float:
    return sum(value for key, value in (await scrape(http)).items() if key[0] == name)


async def test_scrape_of_any_worker_tells_of_all_processes(server: Server) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        http = Http(session, server.url)

        async def all_told() -> bool:
            return processes(await scrape(http)) == PROCESSES

        await until_awaited(all_told)
        for _ in range(10):  # the kernel picks a worker for each
            assert await all_told()


async def test_stores_are_up_and_processes_say_what_they_use(server: Server) -> None:
    async with Stage(server, JSON) as stage:

        async def all_up() -> bool:
            found = await scrape(stage.http)
            return {p for p in PROCESSES if found.get(("livesrv_store_up", p)) == 2} == PROCESSES

        await until_awaited(all_up)
        found = await scrape(stage.http)
        for process in PROCESSES:
            assert found["livesrv_process_cpu_seconds_total", process] > 0
            assert found["livesrv_process_resident_bytes", process] > 10**7
        assert found["livesrv_money_stopped", "backoffice"] == 0


async def test_counters_move_with_what_happens(server: Server) -> None:
    async with Stage(server, JSON) as stage:
        names = (
            "livesrv_http_requests_total",
            "livesrv_errors_total",
            "livesrv_ledger_entries_total",
            "livesrv_journal_lines",
            "livesrv_shows_live",
        )
        before = {name: await total(stage.http, name) for name in names}
        await stage.show()
        assert (await stage.http.ask("GET", f"/v1/rooms/{fresh('room')}")).code == "not_found"

        async def all_moved() -> bool:
            return all([await total(stage.http, name) > before[name] for name in names])

        await until_awaited(all_moved)

        async def rooms_are_told() -> bool:
            found = await scrape(stage.http)
            lags = ("livesrv_relay_lag_lines", "livesrv_commission_lag_lines")
            return all(found[lag, "backoffice"] == 0 for lag in lags)

        await until_awaited(rooms_are_told)


async def test_from_elsewhere_it_needs_a_token_of_operations(server: Server) -> None:
    async with Stage(server, JSON) as stage:

        async def ask(token: str | None = None) -> Answer:
            return await stage.http.ask("GET", "/metrics", headers=PASSED_ON, token=token)

        assert (await ask()).code == "unauthenticated"
        assert (await ask(server.token("mei", "host"))).code == "forbidden"
        assert (await ask(server.token("ada", "ops"))).status == 200


async def test_worker_that_hangs_or_is_gone_is_told_of_no_longer(serve: Serve) -> None:
    server = serve()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        http = Http(session, server.url)

        async def are_told(expected: set[str]) -> bool:
            """By whichever worker answers: the one that hangs does not."""
            try:
                async with asyncio.timeout(1):
                    return processes(await scrape(http)) == expected
            except TimeoutError:
                return False

        await until_awaited(lambda: are_told(PROCESSES))
        with server.paused("worker-1"):
            await until_awaited(lambda: are_told(PROCESSES - {"worker-1"}), within_s=60)
        await until_awaited(lambda: are_told(PROCESSES))


@pytest.fixture
def narrow(serve: Serve) -> Server:
    """One worker that lets an address ask five times, and then once in five seconds."""
    return serve(workers=1, address_requests_per_s=0.2, address_requests_burst=5)


async def test_address_over_its_budget_is_told_when_to_come_back_and_others_are_not(
    narrow: Server,
) -> None:
    async with Stage(narrow, JSON) as stage:

        async def ask(address: str) -> Answer:
            headers = {"X-Forwarded-For": f"198.51.100.1, {address}"}
            return await stage.http.ask("GET", "/livez", headers=headers)

        async def refused() -> Answer:
            while (answer := await ask("203.0.113.7")).status == 200:
                continue
            return answer

        answer = await refused()
        assert (answer.status, answer.code) == (429, "rate_limited")
        assert 0 < answer.body["retry_after_ms"] <= 5000
        assert (await ask("203.0.113.8")).status == 200
        for _ in range(20):
            assert (await stage.http.ask("GET", "/livez")).status == 200


async def test_files_of_the_pages_have_a_budget_of_their_own_and_it_has_an_end(
    narrow: Server,
) -> None:
    async with Stage(narrow, JSON) as stage:

        async def statuses(path: str, times: int) -> list[int]:
            headers = {"X-Forwarded-For": "203.0.113.10"}
            return [
                (await stage.http.ask("GET", path, headers=headers)).status for _ in range(times)
            ]

        assert await statuses("/assets/any/shared/missing.js", 40) == [404] * 40
        assert 429 in await statuses("/assets/any/shared/missing.js", 20)
        assert (await statuses("/livez", 5))[-1] == 200
        assert 429 in await statuses("/livez", 5)


async def test_what_is_over_budget_is_answered_before_its_body_is_sent(narrow: Server) -> None:
    host, port = narrow.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "POST /v1/rooms HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n"
    for _ in range(5):
        writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
    writer.write(f"{head}Content-Length: 60000\r\n\r\n".encode())
    async with asyncio.timeout(20):
        before = await reader.readuntil(b"HTTP/1.1 429")
        after = await reader.readuntil(b'"retry_after_ms"')
    assert before.count(b"HTTP/1.1 401") == 5
    assert b"Retry-After: " in after
    writer.close()


async def test_proxy_that_is_not_trusted_is_named_in_the_log_when_it_is_over_its_budget(
    serve: Serve,
) -> None:
    server = serve(
        workers=1, address_requests_per_s=0.2, address_requests_burst=5, trusted_proxies=[]
    )
    async with Stage(server, JSON) as stage:
        for _ in range(20):
            answer = await stage.http.ask("GET", "/livez", headers=PASSED_ON)
    assert answer.code == "rate_limited"
    assert server.log_text().count("add it to trusted_proxies") == 1
