"""The child: opens a foreign model behind walls and leaves a plain OpenVINO network; `python -m` runs it.

It gets a copy of the file in an empty folder, which is all it may write to, and says a refusal in one line.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from pipelines.errors import ModelError
from pipelines.openvino_core import open_core
from pipelines.own_models.draft import NETWORK_FILE, Draft
from pipelines.own_models.files import Kind, recognise
from pipelines.own_models.guard import forbid_side_effects, limit_resources
from pipelines.processes import die_with_parent

REFUSED: Final = 3
"""Exit status of a child that refuses; the reason is in REFUSAL_FILE."""
REFUSAL_FILE: Final = "refusal.txt"


def read_model(file: Path, class_count: int, image_size: int | None) -> Draft:
    """Leave the network beside the file. Raises ModelError for whatever is not to be trusted or cannot be used."""
    from pipelines.own_models.inputs import check_batch, free_batch, read_input, scales_itself
    from pipelines.own_models.outputs import check_constants, find_head, trim_network

    kind = recognise(file)
    network = _open(file, kind)
    layout, size = read_input(network, image_size)
    free_batch(network, layout, size)
    check_constants(network)
    head = find_head(network, class_count)
    trimmed, features = trim_network(network, head)
    if head.size == class_count or (head.size, class_count) == (1, 2):
        check_batch(trimmed, layout, size)
        _save(trimmed, file.with_name(NETWORK_FILE))
    return Draft(
        kind=kind,
        layout=layout,
        image_size=size,
        head_size=head.size,
        activation=head.activation,
        scales_itself=scales_itself(network),
        features=features,
    )


def run_in_walls(work: Callable[[Path, dict[str, Any]], None]) -> None:
    """`python -m MODULE FOLDER OPTIONS`: `work` on the folder; a refusal or a failure becomes a line and a status."""
    folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    die_with_parent()
    limit_resources()
    with _library_errors(folder):
        forbid_side_effects(folder)
        work(folder, options)


def _open(file: Path, kind: Kind) -> Any:

    if kind == "keras":
        from pipelines.own_models.keras_archive import rewrite_archive

        draft = file.with_name("draft.xml")
        _load_keras(rewrite_archive(file, file.parent)).export(str(draft), format="openvino", verbose=False)
        network = open_core().read_model(draft)
        # the converter also hands out what gradients would need
        for extra in network.get_results()[1:]:
            network.remove_result(extra)
        return network
    if kind == "onnx":
        from pipelines.own_models.onnx_file import check_onnx

        check_onnx(file)
    else:
        from pipelines.own_models.litert_file import check_litert

        check_litert(file)
    return open_core().read_model(file)


def _load_keras(archive: Path) -> Any:
    import keras

    model = keras.saving.load_model(archive, compile=False, safe_mode=True)
    if len(model.outputs) != 1:
        raise ModelError(f"Expected a model with one output, received one with {len(model.outputs)}.")
    return model


def _save(network: Any, file: Path) -> None:
    import openvino as ov

    ov.save_model(network, file, compress_to_fp16=False)


@contextlib.contextmanager
def _library_errors(folder: Path) -> Iterator[None]:
    """Whatever the libraries raise on a strange file is a refusal of the file."""
    try:
        yield
    except MemoryError:
        _refuse(folder, "Expected a model that fits into memory, this one asks for more. Use a smaller one.")
    except ModelError as error:
        _refuse(folder, str(error))
    except Exception as error:
        if os.environ.get("VIGIA_DEBUG") == "1":
            raise
        words = " ".join(str(error).split()) or type(error).__name__
        _refuse(folder, f"Expected a model that opens, the library says: {words[:300]}. Export it again.")


def _refuse(folder: Path, reason: str) -> None:
    (folder / REFUSAL_FILE).write_text(" ".join(reason.split()), encoding="utf-8")
    sys.stdout.flush()
    os._exit(REFUSED)  # threads of a library that failed may never end


def _read(folder: Path, options: dict[str, Any]) -> None:
    draft = read_model(folder / options["file"], options["class_count"], options["image_size"])
    draft.save(folder)


if __name__ == "__main__":
    run_in_walls(_read)
