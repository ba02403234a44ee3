"""A real MLflow on its database file, and a tiny artefact."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import ServingCard
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory, mlflow_home: Path) -> Settings:
    """Settings whose MLflow is the session's; each test uses classifier names of its own."""
    return Settings(home=mlflow_home, mlflow_tracking_uri=f"sqlite:///{mlflow_home}/mlflow/mlflow.db")


@pytest.fixture(scope="session")
def mlflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow-home")


@pytest.fixture
def make_artefact(tmp_path: Path) -> Any:
    """`make_artefact("cars", text)`: a folder with a serving card and one more file of the allow-list."""

    def make(classifier: str, content: str = "network") -> Path:
        artefact = tmp_path / f"artefact-{classifier}-{content}"
        ServingCard(classifier, ("a", "b"), 32, "squash", "0" * 32 + ".dir").save(artefact)
        (artefact / "serving" / "model.xml").write_text(content, encoding="utf-8")
        return artefact

    return make
