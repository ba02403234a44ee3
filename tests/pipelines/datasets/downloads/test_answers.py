import pytest

from pipelines.datasets.downloads.answers import follow_redirect
from pipelines.errors import DatasetError


def test_a_redirect_may_be_relative() -> None:
    assert follow_redirect("https://here.example/a/set.zip", "../b.zip") == "https://here.example/b.zip"


def test_a_redirect_may_begin_to_encrypt_but_not_stop() -> None:
    assert follow_redirect("http://here.example/set.zip", "https://there.example/set.zip").startswith("https")

    with pytest.raises(DatasetError, match=r"stay encrypted, it redirects to http://there\.example"):
        follow_redirect("https://here.example/set.zip", "http://there.example/set.zip")


def test_a_redirect_to_nowhere_is_refused() -> None:
    with pytest.raises(DatasetError, match="received None"):
        follow_redirect("https://here.example/set.zip", None)
