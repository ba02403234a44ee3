import configparser
import shlex
from pathlib import Path

import pytest

from deploy.launch import FINAL_EXIT
from deploy.plan import Service, Stack
from deploy.supervision import describe_configuration, quote_value


@pytest.fixture
def configuration(tmp_path: Path) -> configparser.RawConfigParser:
    services = (
        Service("kafka", ("java",), "kafka://127.0.0.1:1", is_server=True),
        Service("worker-1", ("python",), "heartbeat:/x"),
        Service("cameras", ("python",), "heartbeat:/y"),
    )
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(describe_configuration(Stack(tmp_path, tmp_path, "127.0.0.1", services)))
    return parser


def test_every_service_is_a_program_that_starts_through_the_launcher(
    configuration: configparser.RawConfigParser,
) -> None:
    for name in ("kafka", "worker-1", "cameras"):
        program = configuration[f"program:{name}"]
        assert program["command"].endswith("-m deploy.launch")
        assert program["environment"] == f'VIGIA_STACK_SERVICE="{name}"'
        assert program["exitcodes"] == str(FINAL_EXIT)


def test_clients_are_stopped_before_the_servers_they_talk_to(configuration: configparser.RawConfigParser) -> None:
    assert configuration["group:clients"]["programs"] == "worker-1,cameras"
    assert configuration["group:servers"]["programs"] == "kafka"
    assert int(configuration["group:clients"]["priority"]) > int(configuration["group:servers"]["priority"])


def test_the_supervisor_listens_nowhere(configuration: configparser.RawConfigParser) -> None:
    assert not [section for section in configuration.sections() if "http" in section]


@pytest.mark.parametrize("path", ["/plain/python", "/my #1 clone/python", "/a; b/python", "/it's/100%/python"])
def test_a_path_with_signs_survives_the_configuration_as_one_word(path: str) -> None:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(f"[program:x]\ncommand={quote_value(path)} -m deploy.launch\n")

    expanded = parser["program:x"]["command"] % {"here": "/run"}

    assert shlex.split(expanded) == [path, "-m", "deploy.launch"]
