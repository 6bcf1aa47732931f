"""The show's video, streamed from another origin: it plays by itself, and heals by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.server import QUICK, Server, serving
from tests.web.media import Stream, streaming
from tests.web.people import Host
from tests.web.visit import Visitors

SLOW_MS = 30_000
NO_NATIVE_HLS = """
  const can = HTMLMediaElement.prototype.canPlayType;
  HTMLMediaElement.prototype.canPlayType = function (type) {
    return type.includes("mpegurl") ? "" : can.call(this, type);
  };
"""
SAVER = "localStorage.setItem('livesrv.saver', 'on')"


@pytest.fixture(scope="module")
def stream() -> Iterator[Stream]:
    with streaming() as running:
        yield running


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, stream: Stream) -> Iterator[Server]:
    settings = {**QUICK, "workers": 1, "media_origins": [stream.url]}
    with serving(tmp_path_factory.mktemp("stage"), settings) as running:
        yield running


@pytest.fixture(autouse=True)
def at_peace(stream: Stream) -> Iterator[None]:
    stream.asked.clear()
    yield
    stream.is_away = False
    stream.flow.set()


def expect_video(page: Page, state: str) -> None:
    expect(page.locator("#show")).to_have_attribute("data-video", state, timeout=SLOW_MS)


def loaded_hls_js(page: Page) -> bool:
    names = "performance.getEntriesByType('resource').map(({ name }) => name).join(' ')"
    return "vendor/hls.js" in page.evaluate(names)


@pytest.mark.parametrize(
    ("path", "is_native", "loads_hls_js"),
    [
        ("show.m3u8", True, False),
        ("show.m3u8", False, True),
        ("show.mp4", True, False),
        ("show.webm", True, False),
    ],
)
def test_a_video_plays_by_itself_without_a_sound(
    stage: Server,
    visitors: Visitors,
    stream: Stream,
    path: str,
    is_native: bool,
    loads_hls_js: bool,
) -> None:
    host = Host(stage, media_url=f"{stream.url}/{path}")
    prepare = "" if is_native else NO_NATIVE_HLS
    page = visitors.open(host.url, before=lambda blank: blank.add_init_script(prepare))
    expect_video(page, "on")
    video = page.locator("#video")
    assert video.evaluate("(node) => node.muted && !node.paused && node.videoWidth === 96")
    assert loaded_hls_js(page) is loads_hls_js
    page.get_by_role("button", name="Sound on").last.click()
    assert video.evaluate("(node) => !node.muted && !node.paused")
    page.get_by_role("button", name="Sound off").click()
    assert video.evaluate("(node) => node.muted")


def test_without_a_video_the_placeholder_is_seen_and_nothing_is_loaded(
    stage: Server, visitors: Visitors
) -> None:
    page = visitors.open(Host(stage).url)
    expect_video(page, "none")
    expect(page.locator(".placeholder")).to_be_visible()
    for name in ("#sound", "#sound-on", "#play"):
        expect(page.locator(name)).to_be_hidden()


def test_a_stream_that_is_away_is_shown_when_it_comes(
    stage: Server, visitors: Visitors, stream: Stream
) -> None:
    stream.is_away = True
    host = Host(stage, media_url=f"{stream.url}/show.m3u8")
    page = visitors.open(host.url)
    expect_video(page, "away")
    expect(page.locator(".placeholder")).to_be_visible()
    stream.is_away = False
    expect_video(page, "on")


def test_a_stream_that_stops_gives_way_to_the_placeholder_until_it_goes_on(
    stage: Server, visitors: Visitors, stream: Stream
) -> None:
    stream.flow.clear()
    host = Host(stage, media_url=f"{stream.url}/show.m3u8")
    page = visitors.open(host.url, before=lambda blank: blank.add_init_script(NO_NATIVE_HLS))
    expect_video(page, "on")
    expect_video(page, "stalled")
    stream.flow.set()
    expect_video(page, "on")


def test_with_the_data_saver_no_video_is_loaded_until_it_is_asked_for(
    stage: Server, visitors: Visitors, stream: Stream
) -> None:
    host = Host(stage, media_url=f"{stream.url}/show.webm")
    page = visitors.open(host.url, before=lambda blank: blank.add_init_script(SAVER))
    expect_video(page, "held")
    assert stream.asked == []
    page.get_by_role("button", name="Play the video").click()
    expect_video(page, "on")
    page.get_by_role("button", name="Data saver").click()
    expect_video(page, "on")


def test_the_video_follows_the_host_and_ends_with_the_show(
    stage: Server, visitors: Visitors, stream: Stream
) -> None:
    host = Host(stage)
    page = visitors.open(host.url)
    expect_video(page, "none")
    about = {"title": "Now with a picture", "media_url": f"{stream.url}/show.webm"}
    host.call("PATCH", f"rooms/{host.room}", about)
    expect_video(page, "on")
    expect(page).to_have_title("Now with a picture")
    expect(page.locator("#title")).to_have_text("Now with a picture")
    host.end()
    expect_video(page, "none")
    assert not page.locator("#video").evaluate("(node) => node.hasAttribute('src')")
