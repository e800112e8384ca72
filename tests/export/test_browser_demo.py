"""The page docs/demo/index.html predicts in Chromium what `nettrain predict` does, and says nothing else.

It needs Chromium, and a folder with the files of onnxruntime-web (its `dist`), which ONNXRUNTIME_WEB names, or
`node_modules/onnxruntime-web/dist` in this repository.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

import nettrain
from tests.cli.command import CONFIGS, ROOT

DEMO = ROOT / "docs" / "demo"
LIBRARY = Path(os.environ.get("ONNXRUNTIME_WEB", ROOT / "node_modules" / "onnxruntime-web" / "dist"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROWS = (
    (5.8, 3.0, 4.3, 1.3),
    (5.1, 3.5, 1.4, 0.2),
    (6.3, 3.3, 6.0, 2.5),
    (6.0, 2.7, 5.1, 1.6),
    (7.9, 2.0, 1.0, 2.5),
)
PROBE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body style="margin: 0"><script type="module">
const answers = [];
for (const width of [375, 1280]) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 800px; border: 0`;
  frame.src = "index.html?ort=local";
  document.body.append(frame);
  await new Promise(done => frame.onload = done);
  const page = frame.contentDocument, rows = [];
  const until = async ready => { while (!ready()) await new Promise(done => setTimeout(done, 10)) };
  const sentence = () => page.getElementById("sentence").textContent;
  await until(() => !sentence().startsWith("Loading"));
  for (const row of ROWS) {
    for (const one of page.querySelectorAll("#classes > *")) delete one.dataset.probability;
    [...page.querySelectorAll("input")].forEach((one, k) => { one.value = row[k] });
    page.querySelector("input").dispatchEvent(new Event("input", { bubbles: true }));
    await until(() => [...page.querySelectorAll("#classes > *")].every(one => one.dataset.probability));
    rows.push({
      probabilities: [...page.querySelectorAll("#classes > *")].map(one => +one.dataset.probability),
      widths: [...page.querySelectorAll("#classes i")].map(one => parseFloat(frame.contentWindow.getComputedStyle(one, "::before").width) / one.clientWidth),
      sentence: sentence(),
    });
  }
  const names = [...page.querySelectorAll("input")].map(one => one.name);
  answers.push({ width, names, rows, overflow: page.documentElement.scrollWidth - width });
}
await fetch("/answers", { method: "POST", body: JSON.stringify(answers) });
</script>
"""


@dataclass
class Answers:
    """What the browser sends."""

    content: bytes = b""
    there: Event = field(default_factory=Event)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, and keeps what is posted."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, *request: object, answers: Answers, directory: str) -> None:
        self.answers = answers
        super().__init__(*request, directory=directory)

    def do_POST(self) -> None:
        self.answers.content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.answers.there.set()

    def log_message(self, *message: object) -> None:
        """Be quiet."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Answers]]:
    folder, answers = tmp_path / "site", Answers()
    shutil.copytree(DEMO, folder)
    (folder / "ort").symlink_to(LIBRARY.resolve())
    (folder / "probe.html").write_text(PROBE.replace("ROWS", json.dumps(ROWS)))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, answers=answers, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/probe.html", answers
    server.shutdown()
    server.server_close()


def console_of(page: str, answers: Answers, folder: Path) -> list[str]:
    """Show a page until it has answered; returns the lines of its console."""
    assert CHROMIUM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--no-first-run"]
    with (folder / "log").open("w") as log:
        browser = subprocess.Popen(
            [CHROMIUM, *options, "--window-size=1280,900", f"--user-data-dir={folder / 'user'}", page],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            assert answers.there.wait(60), (folder / "log").read_text()
        finally:
            browser.terminate()
            browser.wait()
    return [line for line in (folder / "log").read_text().splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.skipif(not (LIBRARY / "ort.wasm.min.mjs").is_file(), reason="needs onnxruntime-web")
def test_the_page_predicts_what_nettrain_predicts(site: tuple[str, Answers], tmp_path: Path) -> None:
    page, answers = site
    assert [] == console_of(page, answers, tmp_path)
    run = nettrain.train(CONFIGS / "iris.yaml")
    rows = {name: [row[k] for row in ROWS] for k, name in enumerate(NAMES)}
    expected, labels = run.predict_proba(rows), run.predict(rows)
    for shown in json.loads(answers.content):
        assert list(NAMES) == shown["names"]
        assert 0 == shown["overflow"]
        for row, probabilities, label in zip(shown["rows"], expected, labels, strict=True):
            np.testing.assert_allclose(row["probabilities"], probabilities, rtol=1e-5, atol=1e-9)
            np.testing.assert_allclose(row["widths"], probabilities, atol=0.01)
            name, percent = str(label).replace("-", " "), 100 * probabilities.max()
            assert f"Most likely {name}: {percent:.1f} %." == row["sentence"]


def test_the_model_of_the_page_is_that_of_the_experiment() -> None:
    """The command in docs/deploy.md writes a model that predicts the same."""
    pytest.importorskip("onnx")
    ort = pytest.importorskip("onnxruntime")
    new = nettrain.train(CONFIGS / "iris.yaml").to_onnx()
    sessions = [
        ort.InferenceSession(one) for one in ((DEMO / "iris.onnx").read_bytes(), new.SerializeToString())
    ]
    cells = np.array(ROWS, np.float32).T[:, :, None]
    (label, probabilities), others = (one.run(None, dict(zip(NAMES, cells, strict=True))) for one in sessions)
    assert others[0].tolist() == label.tolist()
    np.testing.assert_allclose(others[1], probabilities, rtol=1e-4, atol=1e-8)
    facts, new_facts = (one.get_modelmeta().custom_metadata_map for one in sessions)
    same = ("experiment", "task", "targets", "classes", "columns", "input")
    assert {name: new_facts[name] for name in same} == {name: facts[name] for name in same}
