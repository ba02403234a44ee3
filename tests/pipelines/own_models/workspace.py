"""A workspace with a prepared dataset of red and blue pictures, as git and DVC would have left it."""

import subprocess
from pathlib import Path

from ruamel.yaml import YAML

from pipelines.datasets.audit.findings import Audit, write_audit
from tests.pipelines.training.colours import write_colours
from tests.tree import ROOT

MD5 = f"{'0' * 32}.dir"
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org")


def make_workspace(folder: Path, classifier: str) -> Path:
    """One commit with params.yaml, the dataset's pointer and dvc.lock; data/prepared beside them."""
    yaml = YAML()
    document = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    document["classifiers"][classifier] = {"evaluate": {"bootstrap_samples": 100}}
    document["datasets"] = [classifier]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    (folder / ".gitignore").write_text("/data/prepared\n/home\n*.onnx\n*.json\n*.tflite\n*.keras\n")
    (folder / "data" / "raw").mkdir(parents=True)
    pointer = f"outs:\n- md5: {MD5}\n  nfiles: 40\n  path: {classifier}\n"
    (folder / "data" / "raw" / f"{classifier}.dvc").write_text(pointer)
    (folder / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  prepare@{classifier}:\n    deps:\n"
        f"    - path: data/raw/{classifier}\n      md5: {MD5}\n"
    )
    write_colours(folder / "data" / "prepared" / classifier, train=24, validation=16)
    write_audit(folder / "data" / "prepared" / classifier, Audit(40, 2, 0, ()))
    for words in (("init", "--quiet"), ("add", "--all"), (*IDENTITY, "commit", "--quiet", "-m", "start")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder
