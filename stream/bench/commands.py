"""`vigia bench`: measured side by side in one run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.bench.commands import OutOption, RoundsOption, WriteOption, tell
from pipelines.terminal import JsonOption, say

if TYPE_CHECKING:
    from pipelines.artefact import Precision
    from pipelines.bench.model import BenchModel

bench_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Speed, measured side by side in one run and in turns."
)

Architecture = Literal[
    "mobilenet_v2", "resnet50", "efficientnet_v2_b0", "vision_transformer", "regularised_cnn", "compact_cnn",
]  # fmt: skip
TailModel = Literal["mobilenet_v2", "resnet50", "efficientnet_v2_b0", "vision_transformer"]
ModelOption = Annotated[
    Architecture, typer.Option("--model", help="An architecture, with ImageNet weights from VIGIA_WEIGHTS_DIR or none.")
]
ClassifierOption = Annotated[
    str | None, typer.Option("--classifier", help="A registered classifier in the place of --model.")
]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=1, help="Of the classifier; else production, else the newest.")
]


@bench_app.command()
def stream(
    model: ModelOption = "mobilenet_v2",
    classifier: ClassifierOption = None,
    version: VersionOption = None,
    rounds: RoundsOption = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Of each lane in each round.")] = 10.0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes of a lane. None: one a core.")] = None,
    frames: Annotated[
        int | None, typer.Option(min=40, help="In Kafka, for each encoding. None: as many as can be answered.")
    ] = None,
    lane: Annotated[
        list[str] | None, typer.Option(help="Only this lane, such as `ours v2`; may be given several times.")
    ] = None,
    latency: Annotated[bool, typer.Option(help="Also captured to stored at steady rates.")] = True,
    precision: Annotated[
        Literal["f32", "bf16", "int8"] | None,
        typer.Option(help="Of every lane but the naive one. None: that in which the version serves, f32 of a --model."),
    ] = None,
    out: OutOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """The worker beside a naive design, a plain Kafka loop and the bare engine, on an embedded Kafka of its own."""
    from pipelines.bench.machine import count_cores, describe_machine
    from pipelines.bench.report import check_places
    from stream.bench.home import open_home
    from stream.bench.running import LANES, Plan, describe_stream, measure_stream

    if strangers := set(lane or ()).difference(LANES):
        raise typer.BadParameter(f"{', '.join(sorted(strangers))}: none of {', '.join(LANES)}.", param_hint="--lane")
    lanes = tuple(each for each in LANES if not lane or each in lane)
    plan = Plan(rounds, seconds, workers or count_cores(), frames, lanes, latency)
    check_places(out, write)
    machine = describe_machine()
    with open_home() as home:
        prepared = _prepare(home, model, classifier, version, precision)
        figures = measure_stream(home, prepared, plan, say)
    tell(describe_stream(figures, prepared, plan, machine), out, write, json)


@bench_app.command()
def engines(
    model: ModelOption = "mobilenet_v2",
    classifier: ClassifierOption = None,
    version: VersionOption = None,
    rounds: RoundsOption = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Of each batch size in each round.")] = 1.0,
    out: OutOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """Runtimes and precisions on one thread, by batch size; what does not answer like Keras is not counted."""
    from pipelines.bench.engines import engine_ratios, measure_engines
    from pipelines.bench.machine import describe_machine
    from pipelines.bench.report import build_document, check_places
    from stream.bench.home import open_home

    check_places(out, write)
    machine = describe_machine()
    with open_home() as home:
        prepared = _prepare(home, model, classifier, version)
        lanes = measure_engines(home, prepared, rounds, seconds, say)
    tell(
        build_document("engines", lanes, engine_ratios(lanes), machine, model=prepared.name, rounds=rounds),
        out,
        write,
        json,
    )


@bench_app.command()
def decode(
    rounds: RoundsOption = 5, out: OutOption = None, write: WriteOption = None, json: JsonOption = False
) -> None:
    """Our decoder beside Pillow, from a JPEG to a network's input."""
    from pipelines.bench.decode import decode_ratios, measure_decoding
    from pipelines.bench.machine import describe_machine
    from pipelines.bench.report import build_document, check_places

    check_places(out, write)
    machine = describe_machine()
    lanes = measure_decoding(rounds, say)
    tell(build_document("decode", lanes, decode_ratios(lanes), machine, rounds=rounds), out, write, json)


@bench_app.command()
def envelope(
    rounds: RoundsOption = 5, out: OutOption = None, write: WriteOption = None, json: JsonOption = False
) -> None:
    """Opening a v1 message: ours beside the standard library."""
    from pipelines.bench.figures import ratio
    from pipelines.bench.machine import describe_machine
    from pipelines.bench.report import build_document, check_places
    from stream.bench.envelope import measure_envelope

    check_places(out, write)
    machine = describe_machine()
    ours, plain = measure_envelope(rounds, say)
    ratios = {"ours_over_standard_library": ratio(ours, plain)}
    tell(build_document("envelope", [ours, plain], ratios, machine, rounds=rounds), out, write, json)


@bench_app.command()
def data(
    model: ModelOption = "mobilenet_v2",
    classifier: ClassifierOption = None,
    version: VersionOption = None,
    pictures: Annotated[int, typer.Option(min=40, help="Drawn camera pictures of 640x480.")] = 400,
    rounds: RoundsOption = 5,
    out: OutOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """Import, preparing, folder classification and evaluation beside plain ways and the bare engine."""
    import os

    from pipelines.bench.answering import PAIRS as ANSWER_PAIRS
    from pipelines.bench.answering import build_answer_works
    from pipelines.bench.data import PAIRS, build_data_works, draw_folder
    from pipelines.bench.machine import describe_machine
    from pipelines.bench.report import build_document, check_places
    from pipelines.bench.works import compare_lanes, measure_works
    from stream.bench.home import open_home

    check_places(out, write)
    machine = describe_machine()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported, or it is not heard
    with open_home() as home:
        prepared = _prepare(home, model, classifier, version)
        say(f"drawing {pictures} pictures")
        source = draw_folder(home, pictures)
        works = [*build_data_works(source), *build_answer_works(prepared, source)]
        lanes = measure_works(works, home, rounds, say)
    ratios = compare_lanes(lanes, (*PAIRS, *ANSWER_PAIRS))
    about: dict[str, Any] = {"model": prepared.name, "rounds": rounds, "pictures": pictures, "unit": "picture"}
    tell(build_document("data", lanes, ratios, machine, **about), out, write, json)


@bench_app.command()
def train(
    model: Annotated[
        TailModel, typer.Option("--model", help="With ImageNet weights from VIGIA_WEIGHTS_DIR or none.")
    ] = "mobilenet_v2",
    pictures: Annotated[int, typer.Option(min=32, help="Drawn camera pictures.")] = 128,
    rounds: RoundsOption = 5,
    out: OutOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """The frozen trunk's activations and an epoch of the tail, beside Keras's own ways."""
    import os
    import tempfile

    from pipelines.bench.machine import describe_machine
    from pipelines.bench.pictures import draw_pictures
    from pipelines.bench.report import build_document, check_places
    from pipelines.bench.training import PAIRS, build_scene, measure_training
    from pipelines.bench.works import compare_lanes
    from pipelines.settings import load_settings
    from stream.bench.home import RUN, open_home

    check_places(out, write)
    machine = describe_machine()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported, or it is not heard
    with open_home() as home, tempfile.TemporaryDirectory(prefix=RUN, dir=home) as folder:
        say(f"building {model}")
        scene = build_scene(model, load_settings().weights_dir, draw_pictures(count=pictures), Path(folder))
        lanes = measure_training(scene, rounds, say)
    about: dict[str, Any] = {"model": model, "rounds": rounds, "pictures": pictures, "unit": "picture"}
    tell(build_document("train", lanes, compare_lanes(lanes, PAIRS), machine, **about), out, write, json)


@bench_app.command()
def start(
    up: Annotated[bool, typer.Option(help="Also `vigia up`, on a new home and on the same one again.")] = True,
    rounds: RoundsOption = 5,
    out: OutOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """`vigia --help` beside Python that does nothing, and `vigia up` until every service is healthy."""
    from pipelines.bench.machine import describe_machine
    from pipelines.bench.report import build_document, check_places
    from pipelines.bench.starting import compare_starts, measure_starts
    from stream.bench.home import open_home

    check_places(out, write)
    machine = describe_machine()
    with open_home() as home:
        lanes = measure_starts(home, rounds, say, up=up)
    document = build_document("start", lanes, compare_starts(lanes), machine, rounds=rounds, unit="start")
    tell(document, out, write, json)


def _prepare(
    home: Path,
    model: Architecture,
    classifier: str | None,
    version: int | None,
    precision: "Precision | None" = None,
) -> "BenchModel":
    from pipelines.bench.model import fetch_model, prepare_model
    from pipelines.bench.pictures import draw_pictures
    from pipelines.bench.precision import change_precision
    from pipelines.settings import load_settings

    settings = load_settings()
    say(f"asking Keras for the answers of {classifier or model}")
    if classifier is None and version is not None:
        raise typer.BadParameter("--version is of a --classifier; name that too.")
    if classifier is None:
        prepared = prepare_model(home, model, settings.weights_dir, draw_pictures())
    else:
        prepared = fetch_model(home, settings, classifier, version, draw_pictures())
    return change_precision(home, prepared, precision) if precision else prepared
