"""A TensorFlow.js model asked in a real browser: a page on 127.0.0.1 that computes and sends its answers back."""

import json
import os
import queue
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.errors import ModelError
from pipelines.export.formats import WARM_UP, Pixels, Timed
from pipelines.processes import bind_command

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
START_SECONDS: Final = 60
"""For the browser and the model; each picture adds to it."""
SECONDS_A_PICTURE: Final = 5
TYPES: Final = {".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
PAGE: Final = """<!doctype html><meta charset="utf-8"><title>parity</title>
<script src="library/tf.min.js"></script><script src="library/tf-backend-wasm.min.js"></script>
<script>
(async () => {
  const answers = {probabilities: [], milliseconds: []};
  try {
    tf.wasm.setWasmPaths("library/");
    await tf.setBackend("wasm");
    const model = await tf.loadGraphModel("network/model.json");
    const pixels = new Uint8Array(await (await fetch("pixels")).arrayBuffer());
    const [count, ...shape] = SHAPE;
    const length = shape.reduce((a, b) => a * b);
    for (let turn = -WARM_UP; turn < count; turn++) {
      const i = Math.max(turn, 0);
      const picture = Int32Array.from(pixels.subarray(i * length, (i + 1) * length));
      const began = performance.now();
      const input = tf.tensor(picture, [1, ...shape], "int32");
      const output = await model.executeAsync(input, "probabilities");
      const row = Array.from(await output.data());
      if (turn >= 0) {
        answers.milliseconds.push(performance.now() - began);
        answers.probabilities.push(row);
      }
      tf.dispose([input, output]);
    }
  } catch (error) { answers.error = String(error); }
  await fetch("answers", {method: "POST", body: JSON.stringify(answers)});
})();
</script>"""


def find_chromium() -> str | None:
    """The system's browser."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def ask_chromium(chromium: str, network: Path, library: Path, pixels: Pixels) -> Timed:
    """One thread of WebAssembly. Raises ModelError when the browser fails or says nothing in time."""
    answers: queue.Queue[dict[str, Any]] = queue.Queue()
    with _serve(network, library, pixels, answers) as address, _browse(chromium, address):
        try:
            said = answers.get(timeout=START_SECONDS + SECONDS_A_PICTURE * len(pixels))
        except queue.Empty:
            raise ModelError(
                f"Expected answers of the model in {chromium}, none came. Start it by hand once."
            ) from None
    if "error" in said:
        raise ModelError(f"Expected answers of the model in Chromium, it said: {said['error'][:300]}.")
    return Timed(np.array(said["probabilities"], np.float32), np.array(said["milliseconds"], np.float64))


@contextmanager
def _serve(network: Path, library: Path, pixels: Pixels, answers: "queue.Queue[dict[str, Any]]") -> Iterator[str]:
    """Address of the page; nobody else on this machine can guess it."""
    prefix = f"/{secrets.token_urlsafe(16)}/"
    page = PAGE.replace("SHAPE", json.dumps(pixels.shape)).replace("WARM_UP", str(WARM_UP))
    contents = {"page": page.encode(), "pixels": pixels.tobytes()}
    files = {f"network/{file.name}": file for file in network.iterdir()}
    files |= {f"library/{file.name}": file for file in library.iterdir()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix(prefix)
            content = contents.get(name) or (files[name].read_bytes() if name in files else None)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/html" if name == "page" else TYPES.get(Path(name).suffix, "text"))
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == f"{prefix}answers":
                answers.put(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: the page is no server of its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}page"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _browse(chromium: str, address: str) -> Iterator[None]:
    """Headless, with a profile of its own; it ends with the block."""
    # ignore_cleanup_errors: the browser's children write into the profile while they end
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to be root in a sandbox
        command = bind_command(chromium, *options, f"--user-data-dir={profile}", address)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait()
