"""What TensorFlow.js needs and the main environment cannot hold, fetched once below the home."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines.errors import ModelError
from pipelines.terminal import say

VERSION: Final = "4.22.0"
# its last release, and what was new then: later versions of its requirements do not go together
RESOLVED_BEFORE: Final = "2025-02-01"
SMALLER: Final = "sys_platform == 'linux' and platform_machine == 'x86_64'"
"""Where there is a TensorFlow without what graphics cards need."""
ELSEWHERE: Final = "sys_platform != 'linux' or platform_machine != 'x86_64'"
REQUIREMENTS: Final = (
    f"tensorflowjs=={VERSION}",
    f"tensorflow-cpu==2.18.0 ; {SMALLER}",
    "setuptools",
)
# of use only for models of other kinds, and 1.4 GB
LEFT_OUT: Final = ("flax", "jax", "jaxlib", "tensorflow-decision-forests", "ydf")
OVERRIDES: Final = (*(f"{name} ; python_version < '0'" for name in LEFT_OUT), f"tensorflow==2.18.0 ; {ELSEWHERE}")
# npm package -> file in it -> SHA-256
BROWSER_FILES: Final = {
    "@tensorflow/tfjs": {
        "tf.min.js": "300dfae273d20b4046f46a06d735688f03675a807561e9bcb5f664eb2f3d2831",
    },
    "@tensorflow/tfjs-backend-wasm": {
        "tf-backend-wasm.min.js": "691bbec0ef8b5a7f17f212e9c5d85832030f90d030b46e99acb4dea1fb16f009",
        "tfjs-backend-wasm-simd.wasm": "77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b",
        "tfjs-backend-wasm.wasm": "70a5d516060464e5269f01c74bac1772d6b8ab6cb612acf16b5cdaf61f78d892",
    },
}


def ensure_converter(tools: Path) -> Path:
    """Python of the environment with the converter, made below `tools` if it is not there.

    Raises ModelError when uv is missing or the packages cannot be fetched.
    """
    folder = tools / f"tfjs-converter-{VERSION}"
    _make_once(folder, _install_converter)
    return folder / "bin" / "python"


def ensure_browser_files(tools: Path) -> Path:
    """Folder with TensorFlow.js and its WebAssembly backend, fetched by npm if they are not there.

    Raises ModelError when npm is missing, fails, or brings other bytes.
    """
    folder = tools / f"tfjs-browser-{VERSION}"
    _make_once(folder, _fetch_browser_files)
    return folder


def find_uv() -> str:
    """Where `make install` puts it, else on the PATH. Raises ModelError when there is none."""
    below = Path(".tools") / "uv" / "bin" / "uv"
    for place in (Path.cwd() / below, Path(sys.prefix).resolve().parent / below):
        if place.is_file():
            return str(place)
    found = shutil.which("uv")
    if found is None:
        raise ModelError(
            "Expected uv, which makes the environment of the TensorFlow.js converter, found none on the PATH nor at "
            f"{below}. Run `make install`, or install uv."
        )
    return found


def _make_once(folder: Path, make: Callable[[Path], None]) -> None:
    """Two exports at once make it once; one that was interrupted is made again."""
    from filelock import FileLock

    ready = folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if ready.is_file():
            return
        shutil.rmtree(folder, ignore_errors=True)
        try:
            make(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        ready.touch()


def _install_converter(folder: Path) -> None:
    uv = find_uv()
    say(f"tfjs: fetching tensorflowjs {VERSION} into an environment of its own, {folder} (1.2 GB, kept for later)")
    # with Python 3.11 whatever runs Vigía: its TensorFlow is not made for the newest
    _run("the TensorFlow.js converter", [uv, "venv", "--quiet", "--python", "3.11", str(folder)])
    overrides = folder / "overrides.txt"
    overrides.write_text("\n".join(OVERRIDES), encoding="utf-8")
    options = ["--quiet", "--python", str(folder / "bin" / "python"), "--exclude-newer", RESOLVED_BEFORE]
    _run(
        "the TensorFlow.js converter",
        [uv, "pip", "install", *options, "--override", str(overrides), *REQUIREMENTS],
    )


def _fetch_browser_files(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise ModelError("Expected npm, which fetches TensorFlow.js for the check in Chromium. Install Node.js.")
    say(f"tfjs: fetching TensorFlow.js {VERSION} for the check in Chromium into {folder} (33 MB, kept for later)")
    folder.mkdir()
    for package, files in BROWSER_FILES.items():
        words = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package}@{VERSION}"]
        _run("TensorFlow.js", words)
        archive = folder / f"{package.removeprefix('@').replace('/', '-')}-{VERSION}.tgz"
        with tarfile.open(archive) as content:
            for name, sha256 in files.items():
                member = content.extractfile(f"package/dist/{name}")
                data = member.read() if member else b""
                if hashlib.sha256(data).hexdigest() != sha256:
                    raise ModelError(
                        f"Expected {name} of {package} {VERSION} as it was released, received other bytes."
                    )
                (folder / name).write_bytes(data)
        archive.unlink()


def _run(what: str, command: list[str]) -> None:
    # a virtual environment that is active here is not the one that is meant
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise ModelError(
            f"Expected to fetch {what}, {Path(command[0]).name} said: {' '.join(words)[-300:] or 'nothing'}. "
            "Look at the network and run again."
        )
