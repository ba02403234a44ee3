"""Topics, messages and tables, from the contracts that create them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from docs.pages.markdown import WRITTEN, draw_json, draw_table

if TYPE_CHECKING:
    from stream.messages import Headers, Outgoing, Prediction


def build_data_page() -> str:
    from pipelines.promotion.log_book import model_decisions
    from stream.broker.topics import TOPICS
    from stream.tables import metadata

    parts = [
        WRITTEN,
        "# Topics and tables\n",
        "## Topics\n",
        "Created where they are missing, never changed where they are there.\n",
        draw_table(
            ("topic", "partitions", "settings"),
            [
                (
                    f"`{topic.name}`",
                    str(topic.partitions),
                    "<br>".join(f"`{k}={v}`" for k, v in sorted(topic.settings.items())),
                )
                for topic in TOPICS
            ],
        ),
        *describe_messages(),
        "## Tables of the prediction store\n",
        "Times are aware UTC. A frame's identity is (topic, partition, offset), so a frame that Kafka delivers again "
        "overwrites its row and is not counted twice.\n",
    ]
    for table in (*metadata.sorted_tables, model_decisions):
        rows = [
            (
                f"`{column.name}`",
                describe_column(column),
                "key" if column.primary_key else "" if column.nullable else "always there",
            )
            for column in table.columns
        ]
        parts += [f"### {table.name}\n", draw_table(("column", "type", ""), rows)]
    return "\n".join(parts)


def describe_messages() -> list[str]:
    """The messages as the encoders write them."""
    from stream.messages import encode_prediction, encode_v1, encode_v2

    moment = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    v1 = encode_v1("cam01", "bmw.jpg", moment, b"the picture")
    v2 = encode_v2("cam01", "cam01-17", moment, b"the picture", image_name="bmw.jpg", sequence=17)
    prediction = encode_prediction(build_prediction(moment))
    dead_letter = build_letter(moment)
    return [
        f"## Frames: `{v1.topic}`\n",
        "The key is the camera id. Version 1 is JSON with the picture in base64, accepted for ever:\n",
        draw_json(v1.value),
        "Its identity is its position: `<topic>-<partition>-<offset>`. Version 2 is the encoded picture itself as "
        "value, with headers:\n",
        draw_headers(v2.headers),
        "`image_name` and `sequence` may be left out. Another `schema` makes a dead letter.\n",
        f"## Predictions: `{prediction.topic}`\n",
        "The key is the frame id.\n",
        draw_json(prediction.value),
        f"## Dead letters: `{dead_letter.topic}`\n",
        "The message as it came: key, value, headers and timestamp. These headers are added; the last two only where "
        "the value was too large to keep:\n",
        draw_headers(dead_letter.headers),
    ]


def build_prediction(moment: datetime) -> "Prediction":
    from stream.messages import Position, Prediction

    return Prediction(
        position=Position("taller_camara_stream", 0, 17),
        frame_id="cam01-17",
        camera_id="cam01",
        image_name="bmw.jpg",
        image_sha256="",
        classifier="cars",
        role="production",
        model_version=3,
        label="bmw",
        confidence=0.98,
        top=(("bmw", 0.98), ("audi", 0.02)),
        decision="known",
        captured_at=moment,
        received_at=moment,
        predicted_at=moment,
        worker="worker-1",
        consensus_label="bmw",
        consensus_confidence=0.97,
        consensus_frames=5,
        consensus_policy="2-a7257ead",
    )


def build_letter(moment: datetime) -> "Outgoing":
    from stream.dead_letters.letters import build_dead_letter, encode_dead_letter
    from stream.messages import FrameError, Message, Position

    message = Message(Position("taller_camara_stream", 0, 17), b"cam01", b"not a frame", (), None, moment)
    error = FrameError("Expected JSON (v1) or a schema header (v2).", stage="schema", reason="not_json")
    letter = build_dead_letter(message, error, camera_id=None, now=moment)
    return encode_dead_letter(message, letter, worker="worker-1", max_value_bytes=0)


def describe_column(column: Any) -> str:
    name = type(column.type).__name__
    return {"UtcDateTime": "time", "JSON": "JSON"}.get(name, name.lower())


def draw_headers(headers: "Headers") -> str:
    lines = "\n".join(f"{name}: {(value or b'').decode()}" for name, value in headers)
    return f"```\n{lines}\n```\n"
