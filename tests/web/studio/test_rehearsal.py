"""Practising: the same studio on the rehearsal's server, marked as that, with an audience."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.server import QUICK, serving
from tests.web.people import Person
from tests.web.visit import Visitors

from .desk import open_studio

STARTS_WITHIN_MS = 30_000


def test_a_host_practises_before_an_audience_and_the_real_room_knows_nothing_of_it(
    tmp_path: Path, visitors: Visitors
) -> None:
    with serving(tmp_path, {**QUICK, "workers": 1, "rehearsal": True}) as server:
        host = Person(server, "host", name="Mei")
        studio = open_studio(server, visitors, host.token)
        expect(studio.find("#rehearsal")).to_be_hidden()
        studio.tap("#practise")

        expect(studio.find("#rehearsal")).to_contain_text("REHEARSAL", timeout=STARTS_WITHIN_MS)
        expect(studio.find("#practise")).to_be_hidden()
        studio.tap("#go-live")
        studio.expect_live()
        expect(studio.find("#rehearsal")).to_contain_text("Play money")
        viewers = studio.find("#viewers")
        expect(viewers).not_to_have_text("0", timeout=STARTS_WITHIN_MS)
        studio.end_show()
        studio.tap("#summary .corner")

        studio.tap("#rehearsal a")
        expect(studio.page).to_have_url(re.compile(r"^(?!.*rehearsal).*/studio$"))
        studio.expect_home()
        assert host.call("GET", "shows")["shows"] == []
        visitors.leave()
