"""The system that this one replaces, as such systems are written: `python -m stream.bench.lanes.naive ORDER`.

Faust as it comes, JSON and base64, Pillow, Keras's `predict` for each message, a commit for each row.
"""

import base64
import io
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import faust
import numpy as np
from PIL import Image

from stream.bench.lanes.order import NAIVE_FILE, Order
from stream.messages import FRAMES_TOPIC

TABLE = (
    "CREATE TABLE IF NOT EXISTS answers "
    "(at REAL, partition INTEGER, place INTEGER, camera TEXT, picture TEXT, label TEXT, confidence REAL)"
)


def build(order: Order, datadir: Path) -> faust.App:
    """The app with its agent; the model and the database are opened here, as such programs do."""
    from pipelines.artefact import ServingCard
    from pipelines.models.contract import load_trained

    card = ServingCard.load(Path(order.artefact))
    model = load_trained(Path(order.artefact) / "data/model.keras")
    rows = sqlite3.connect(order.folder / NAIVE_FILE)
    rows.execute(TABLE)
    app = faust.App(order.group, broker=f"kafka://{order.bootstrap}", datadir=datadir, web_enabled=False)

    async def answer(stream: Any) -> None:
        async for event in stream.events():
            frame: dict[str, Any] = event.value
            with Image.open(io.BytesIO(base64.b64decode(frame["image_data"]))) as picture:
                small = picture.convert("RGB").resize(
                    # bilinear, unlike Pillow's default: its answers shall be comparable
                    (card.image_size, card.image_size),
                    Image.Resampling.BILINEAR,
                )
            probabilities = model.predict(np.asarray(small)[None], verbose=0)[0]
            best = int(probabilities.argmax())
            place = (event.message.partition, event.message.offset)
            found = (frame["camera_id"], frame["image_name"], card.class_names[best], float(probabilities[best]))
            rows.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", (time.time(), *place, *found))
            rows.commit()

    app.agent(app.topic(FRAMES_TOPIC))(answer)
    return app


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    order = Order.parse(sys.argv[1])
    faust.Worker(build(order, order.folder / "faust"), loglevel="WARNING").execute_from_commandline()
