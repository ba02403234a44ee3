from tests.pipelines.datasets.pictures import fake_dvc, workspace

__all__ = ["fake_dvc", "workspace"]
