"""The place: environment variables, the state folder, and where this machine's services answer."""

import json
import os
import socket
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.errors import SettingsError, WorkspaceError

DEFAULT_PORTS = {"dashboard": 8501, "mlflow": 5000, "prefect": 4200, "kafka": 19092}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services of the one-machine stack answer; written by `vigia up`, removed by `vigia down`."""

    host: str
    dashboard_port: int
    mlflow_port: int
    prefect_port: int
    kafka_port: int

    @property
    def dashboard_url(self) -> str:
        return f"http://{self.host}:{self.dashboard_port}"

    @property
    def mlflow_url(self) -> str:
        return f"http://{self.host}:{self.mlflow_port}"

    @property
    def prefect_url(self) -> str:
        return f"http://{self.host}:{self.prefect_port}"

    @property
    def kafka_bootstrap(self) -> str:
        return f"{self.host}:{self.kafka_port}"

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        os.replace(partial, file)

    @classmethod
    def load(cls, file: Path) -> "Endpoints | None":
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None


class Settings(BaseSettings):
    """One field per environment variable; the variables and their defaults are listed in docs/reference."""

    model_config = SettingsConfigDict(
        env_prefix="VIGIA_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    home: Path = Path(".vigia")
    """State of this machine: logs, the embedded Kafka, MLflow, Prefect, the store. Relative to the workspace."""
    kafka_bootstrap: str | None = None
    """A broker of your own, `host:port`; unset: the embedded Kafka."""
    database_url: str | None = None
    """SQLAlchemy address of the prediction store; unset: SQLite below the home."""
    mlflow_tracking_uri: str | None = Field(default=None, validation_alias="MLFLOW_TRACKING_URI")
    """An MLflow of your own; unset: the one that `vigia up` starts."""
    prefect_api_url: str | None = Field(default=None, validation_alias="PREFECT_API_URL")
    """A Prefect of your own; unset: the one that `vigia up` starts."""
    weights_dir: Path | None = None
    """Folder of pretrained weights, looked up by file name."""
    data_remote: str | None = None
    """Where `vigia data push` keeps datasets: a folder or `s3://bucket/prefix`; unset: `remote` below the home."""
    data_remote_endpoint: str | None = None
    """Address of an S3 that is not Amazon's, for `VIGIA_DATA_REMOTE`."""
    frames_url: str | None = None
    """Where kept frames lie: a folder or `s3://bucket/prefix`; unset: `kept` below the home."""
    frames_endpoint: str | None = None
    """Address of an S3 that is not Amazon's, for `VIGIA_FRAMES_URL`."""
    ports: Literal["default", "auto"] = "default"
    """The stack's usual ports, or free ones; `vigia status` says which."""
    host: str = "127.0.0.1"
    """Address on which the stack listens."""
    ingest_token: SecretStr | None = None
    """What cameras that push must send with `POST /frames`: 16 characters or more; unset: nobody may push."""
    debug: bool = False
    """Tracebacks and more words."""
    log_format: Literal["console", "json"] = "console"
    """Log lines for people or for programs."""
    language: Literal["en", "es"] = "en"
    """Language of the dashboard where the address does not say one."""

    @cached_property
    def state(self) -> Path:
        """The state folder as an absolute path."""
        return self.home.absolute()

    @property
    def endpoints_file(self) -> Path:
        return self.state / "endpoints.json"

    @property
    def services_file(self) -> Path:
        """State of every service, rewritten every few seconds by the stack's keeper."""
        return self.state / "services.json"

    def resolve_database_url(self) -> str:
        """SQLAlchemy address of the prediction store."""
        return self.database_url or f"sqlite:///{self.state / 'store' / 'vigia.db'}"

    def resolve_tracking_uri(self) -> str:
        """The configured MLflow, else the running stack's, else the stack's own database file."""
        if self.mlflow_tracking_uri:
            return self.mlflow_tracking_uri
        endpoints = Endpoints.load(self.endpoints_file)
        if endpoints and is_listening(endpoints.mlflow_url):
            return endpoints.mlflow_url
        return f"sqlite:///{self.mlflow_database}"

    @property
    def mlflow_database(self) -> Path:
        return self.state / "mlflow" / "mlflow.db"

    @property
    def mlflow_artifacts(self) -> Path:
        return self.state / "mlflow" / "artifacts"

    def resolve_prefect_api_url(self) -> str | None:
        """The configured Prefect API, else the running stack's, else None."""
        if self.prefect_api_url:
            return self.prefect_api_url
        endpoints = Endpoints.load(self.endpoints_file)
        if endpoints and is_listening(endpoints.prefect_url):
            return f"{endpoints.prefect_url}/api"
        return None

    def resolve_kafka_bootstrap(self) -> str | None:
        """The configured broker, else the running stack's, else None."""
        if self.kafka_bootstrap:
            return self.kafka_bootstrap
        endpoints = Endpoints.load(self.endpoints_file)
        if endpoints and is_listening(f"kafka://{endpoints.kafka_bootstrap}"):
            return endpoints.kafka_bootstrap
        return None


def load_settings() -> Settings:
    """Settings from the environment and `.env`. Raises SettingsError naming each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{_variable(item['loc'])}: {item['msg']}, received {item['input']!r}" for item in error.errors()
        )
        raise SettingsError(
            f"Expected valid settings in the environment. {wrong}. Correct the variable and run again."
        ) from error


def find_workspace() -> Path:
    """The current folder, which must hold params.yaml."""
    workspace = Path.cwd()
    if not (workspace / "params.yaml").is_file():
        raise WorkspaceError(f"Expected params.yaml in {workspace}, found none. Run vigia in the folder of your clone.")
    return workspace


def is_listening(url: str, timeout_seconds: float = 1.0) -> bool:
    """True when something accepts TCP connections at the address's host and port."""
    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=timeout_seconds):
            return True
    except (OSError, ValueError):  # ValueError: an address that is none
        return False


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name if name.isupper() else f"VIGIA_{name.upper()}"
