"""Makes `show.mp4` and `show.webm` anew: four seconds of a ball that goes round, off a canvas."""

import base64

from tests.chromium import browser

from . import HERE

RECORD = """async (mimeType) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 160 });
  const pen = canvas.getContext("2d");
  let turn = 0;
  const draw = () => {
    turn += 1;
    pen.fillStyle = "#20122e";
    pen.fillRect(0, 0, 96, 160);
    pen.fillStyle = "#ff8a66";
    pen.beginPath();
    pen.arc(48 + 30 * Math.cos(turn / 6), 80 + 40 * Math.sin(turn / 6), 16, 0, 7);
    pen.fill();
  };
  draw();
  const timer = setInterval(draw, 100);
  const recorder = new MediaRecorder(canvas.captureStream(10), {
    mimeType, videoBitsPerSecond: 60_000, videoKeyFrameIntervalDuration: 1_000,
  });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, 4_300));
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.stop();
  await stopped;
  clearInterval(timer);
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""


def main() -> None:
    with browser() as started:
        page = started.new_page()
        for name, kind in {
            "show.mp4": "mp4;codecs=avc1.42E01E",
            "show.webm": "webm;codecs=vp8",
        }.items():
            recorded = base64.b64decode(page.evaluate(RECORD, f"video/{kind}"))
            (HERE / name).write_bytes(recorded)


if __name__ == "__main__":
    main()
