"""What visitors are for: a page that throws, asks or breaks the policy does not go unseen."""

import pytest
from playwright.sync_api import Browser

from tests.server import Server

from .visit import Visitors

WRONGS = {
    "() => { setTimeout(() => { throw new Error('thrown'); }); }": "threw thrown",
    "() => { console.error('said'); }": "said",
    "() => { alert('asked'); }": "alert says asked",
    "() => { open().console.error('said elsewhere'); }": "said elsewhere",
    "() => { document.body.setAttribute('style', 'color: red'); }": "style-src-attr forbids inline",
    "() => { try { document.body.innerHTML = '<b>'; } catch {} }": "require-trusted-types-for forb",
}


def test_what_a_page_does_wrong_is_told_in_the_end(server: Server, browser: Browser) -> None:
    visitors = Visitors(browser)
    page = visitors.open(server.url)
    for wrong in WRONGS:
        page.evaluate(wrong)
    with pytest.raises(AssertionError):
        visitors.leave()
    for wrong, complaint in WRONGS.items():
        assert any(complaint in each for each in visitors.complaints), (wrong, visitors.complaints)
