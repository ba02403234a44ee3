"""A plain confluent-kafka loop around our decoder, engine and store: `python -m stream.bench.lanes.confluent ORDER`.

At least once, like the worker: rows are stored, predictions delivered, then the batch is committed.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Producer

from pipelines.inference import load_classifier
from stream.bench.lanes.order import Order
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import FRAMES_TOPIC, Message, Position, encode_prediction
from stream.reading.pace import Pace
from stream.store import PredictionStore
from stream.worker.batches import BatchReader
from stream.worker.inferring import infer_blank
from stream.worker.storing import store_outcome

COLLECT_SECONDS: Final = 0.02
DELIVER_SECONDS: Final = 30.0


def work(order: Order) -> None:
    """Until the process is ended."""
    classifier = load_classifier(Path(order.artefact), order.classifier, order.version)
    infer_blank(classifier)
    store = PredictionStore(f"sqlite:///{order.folder / 'store' / 'vigia.db'}")
    store.migrate()
    reader, pace = BatchReader(f"confluent-{order.slot}"), Pace()
    producer = Producer({"bootstrap.servers": order.bootstrap, "acks": "all", "linger.ms": 0})
    consumer = Consumer(consumer_settings(order))
    consumer.subscribe([FRAMES_TOPIC])
    while True:
        records = consumer.consume(pace.frames, COLLECT_SECONDS)
        if not records:
            continue
        began = time.perf_counter()
        messages = [read_record(record) for record in records]
        outcome = reader.read(messages, {classifier.classifier: classifier}, {})
        outcome = store_outcome(store, messages, outcome, reader.clock, group=order.group)
        pace.observe(len(messages), time.perf_counter() - began)
        for prediction in outcome.predictions:
            out = encode_prediction(prediction)
            producer.produce(out.topic, out.value, out.key)
        producer.flush(DELIVER_SECONDS)
        consumer.commit(asynchronous=True)


def consumer_settings(order: Order) -> dict[str, Any]:
    """As the worker's where there is a like."""
    return {
        "bootstrap.servers": order.bootstrap,
        "group.id": order.group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 10_000,
        "max.partition.fetch.bytes": LARGEST_MESSAGE_BYTES,
        "queued.max.messages.kbytes": 24 * 1024,
    }


def read_record(record: Any) -> Message:
    """Byte for byte. Raises KafkaException for what is no message."""
    if record.error():
        raise KafkaException(record.error())
    return Message(
        position=Position(record.topic(), record.partition(), record.offset()),
        key=record.key(),
        value=record.value(),
        headers=tuple(record.headers() or ()),
        timestamp_ms=record.timestamp()[1],
        received_at=datetime.now(UTC),
    )


if __name__ == "__main__":
    work(Order.parse(sys.argv[1]))
