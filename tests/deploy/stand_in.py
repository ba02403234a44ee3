"""Small services that stand in for the real ones: `python tests/deploy/stand_in.py KIND [ARGUMENT]`."""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        print(format % args, flush=True)


def serve_http(port: str) -> None:
    HTTPServer(("127.0.0.1", int(port)), Answers).serve_forever()


def beat(file: str) -> None:
    while True:
        partial = Path(f"{file}.partial")
        partial.write_text(json.dumps({"state": "beating"}), encoding="utf-8")
        partial.replace(file)
        time.sleep(0.5)


def beat_with_child(file: str) -> None:
    """Like the flows: its child has a session of its own, as a flow run has."""
    subprocess.Popen([sys.executable, __file__, "beat", f"{file}.child"], start_new_session=True)
    beat(file)


def work(folder: str) -> None:
    beat(f"{folder}/{os.environ['VIGIA_WORKER_SLOT']}.json")


def crash(word: str) -> None:
    sys.exit(f"stand-in: {word}")


if __name__ == "__main__":
    {"http": serve_http, "beat": beat, "beat-with-child": beat_with_child, "work": work, "crash": crash}[sys.argv[1]](
        sys.argv[2]
    )
