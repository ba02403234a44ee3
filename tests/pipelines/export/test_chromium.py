"""The page in a real Chromium, with a small library in the place of TensorFlow.js: its answer is the mean pixel."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.export.chromium import ask_chromium, find_chromium

pytestmark = pytest.mark.browser

LIBRARY = """
const tf = {
  wasm: {setWasmPaths() {}}, setBackend: async () => {}, dispose() {}, tensor: (values, shape) => ({values, shape}),
  loadGraphModel: async (address) => {
    const {scale} = await (await fetch(address)).json();
    if (scale === 0) throw new Error("no such operation: Erf");
    return {executeAsync: async (input, name) => ({data: async () => {
      const light = input.values.reduce((a, b) => a + b) / input.values.length / scale;
      return new Float32Array(name === "probabilities" ? [light, 1 - light] : [NaN]);
    }})};
  },
};
"""
PIXELS = np.random.default_rng(1).integers(0, 256, (5, 6, 4, 3), np.uint8)


@pytest.fixture
def chromium() -> str:
    found = find_chromium()
    assert found, "install Debian's chromium, or leave the marker `browser` out"
    return found


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "tf.min.js").write_text(LIBRARY, encoding="utf-8")
    (folder / "tf-backend-wasm.min.js").write_text("", encoding="utf-8")
    return folder


def write_network(folder: Path, scale: int) -> Path:
    folder.mkdir()
    (folder / "model.json").write_text(f'{{"scale": {scale}}}', encoding="utf-8")
    return folder


def test_a_model_in_the_browser_sees_the_same_pixels_one_picture_at_a_time(
    chromium: str, library: Path, tmp_path: Path
) -> None:
    said = ask_chromium(chromium, write_network(tmp_path / "network", 255), library, PIXELS)

    light = PIXELS.reshape(5, -1).mean(axis=1) / 255
    assert said.probabilities == pytest.approx(np.stack([light, 1 - light], axis=1), abs=1e-6)
    assert said.milliseconds.shape == (5,)


def test_what_the_browser_cannot_compute_is_told_in_its_words(chromium: str, library: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such operation: Erf"):
        ask_chromium(chromium, write_network(tmp_path / "network", 0), library, PIXELS)
