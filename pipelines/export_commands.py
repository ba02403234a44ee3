"""`vigia export`: a registered version for other runtimes, with its parity."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.export.exporting import Exported, Order
    from pipelines.export.measuring import Measured

PrecisionOption = Annotated[
    Literal["f32", "bf16", "int8"] | None,
    typer.Option(help="Of an OpenVINO network; refused where it does not answer like f32."),
]

export_app = typer.Typer(rich_markup_mode=None)


@export_app.command()
def export(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    format: Annotated[
        Literal["openvino", "onnx", "litert", "tfjs", "keras"], typer.Option(help="What the network is made for.")
    ] = "openvino",
    out: Annotated[Path | None, typer.Option(help="A new or empty folder; else one below VIGIA_HOME.")] = None,
    model: Annotated[int | None, typer.Option(min=1, help="Version; else production, else the newest.")] = None,
    precision: PrecisionOption = None,
    register: Annotated[
        bool, typer.Option("--register", help="Also as a new version, a candidate; only of a lower --precision.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """A version for another runtime, with its labels, thresholds and parity."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported, or it is not heard
    from pipelines.evaluation.versions import choose_version
    from pipelines.export.exporting import Order, export_version
    from pipelines.export.registering import register_lowered
    from pipelines.params import load_params
    from pipelines.registry import open_registry
    from pipelines.settings import find_workspace, load_settings

    if register and precision in (None, "f32"):
        raise typer.BadParameter("needs --precision bf16 or int8", param_hint="--register")
    workspace, settings = find_workspace(), load_settings()
    registry = open_registry(settings)
    version = choose_version(registry, classifier, model)
    params = load_params(workspace).classifiers.get(classifier)
    order = Order(
        classifier=classifier,
        version=version,
        format=format,
        out=(out or settings.state / "exports" / f"{classifier}-{version}-{format}").absolute(),
        replace=out is None,
        prepared=workspace / "data" / "prepared" / classifier,
        tools=settings.state / "tools",
        max_difference=params.export.max_difference if params else 1e-3,
        precision=precision,
    )
    say(f"{classifier} version {version} as {format}")
    made = partial(register_lowered, settings, registry, order) if register else None
    exported = export_version(registry, order, made)
    if register:
        say(tell_registered(order, exported.registered))
    if as_json:
        print_json({"classifier": classifier, "model_version": version, **describe_exported(exported)})
        return
    tell_exported(exported)
    print(f"{len(exported.files)} files in {order.out}")


def tell_registered(order: "Order", made: int | None) -> str:
    """What became of --register."""
    if made is None:
        return f"nothing was registered: version {order.version} serves in {order.precision} already"
    mend = f"put it in force with `vigia promote {order.classifier} {made}`"
    return f"version {made} serves in {order.precision}; {mend}"


def describe_exported(exported: "Exported") -> dict[str, Any]:
    """The document of `vigia export --json`."""
    rows = [describe_measured(row) for row in exported.rows]
    asked = rows[-1]
    return {
        "format": asked["format"],
        "files": list(exported.files),
        "parity": asked["parity"],
        "latency_ms": asked["latency_ms"],
        "size_bytes": asked["size_bytes"],
        "golden_pictures": exported.golden,
        "runtimes": rows,
        "precision": exported.trial.metrics() if exported.trial else None,
        "registered": exported.registered,
    }


def describe_measured(row: "Measured") -> dict[str, Any]:
    """A runtime's row; null where it could not be asked, with the reason."""
    parity = row.parity
    return {
        "format": row.format,
        "parity": {
            "max_difference": parity.max_difference if parity else None,
            "top1_agreement": parity.top1_agreement if parity else None,
            "pictures": parity.pictures if parity else 0,
            "not_checked": row.not_checked,
        },
        "latency_ms": {"p50": row.p50_ms, "p95": row.p95_ms},
        "size_bytes": row.size_bytes,
    }


def tell_exported(exported: "Exported") -> None:
    """The same in a table."""
    if exported.pictures:
        print(f"against Keras on {exported.pictures} pictures, {exported.golden} of them golden; one thread")
    print(f"{'format':10} {'max difference':>14} {'same answers':>13} {'MB':>7} {'p50 ms':>8} {'p95 ms':>8}")
    for row in exported.rows:
        size = f"{row.size_bytes / 1e6:7.1f}"
        if row.parity is None:
            print(f"{row.format:10} {'not checked':>14} {'':13} {size}   {row.not_checked}")
            continue
        figures = f"{row.parity.max_difference:14.1e} {row.parity.top1_agreement:13.2%}"
        print(f"{row.format:10} {figures} {size} {row.p50_ms:8.2f} {row.p95_ms:8.2f}")
    if exported.trial:
        trial = exported.trial
        print(
            f"{trial.precision} on {trial.pictures} validation pictures: same answers {trial.top1_agreement:.2%}, "
            f"accuracy {100 * (0 - trial.accuracy_loss):+.2f} points, known {100 * (0 - trial.known_loss):+.2f} points"
        )
