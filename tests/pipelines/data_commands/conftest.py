from tests.pipelines.datasets.conftest import pets
from tests.pipelines.datasets.pictures import fake_dvc, workspace

__all__ = ["fake_dvc", "pets", "workspace"]
