"""The token in the environment: long enough, or said why not without being shown."""

import pytest
from pydantic import SecretStr

from pipelines.errors import SettingsError
from pipelines.settings import Settings
from stream.ingest.beside import read_token

SECRETS = ["short", "with a space in the middle", "ñandú-ñandú-ñandú-ñandú", "line\nbreak-line-break"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_weak_token_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SettingsError, match=r"^Expected 16 or more") as raised:
        read_token(SecretStr(secret))

    assert secret not in str(raised.value)


@pytest.mark.parametrize("setting", [None, SecretStr("")])
def test_no_token_means_that_ingest_is_off(setting: SecretStr | None) -> None:
    assert read_token(setting) is None


def test_settings_never_show_the_token() -> None:
    settings = Settings(ingest_token=SecretStr("a-token-that-nobody-guesses"))

    assert "nobody" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
