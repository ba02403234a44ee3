"""The process supervisor: its generated configuration, and its own start and end.

It has no control socket: the launchers' records say what runs, a signal to a service's process restarts it, a signal
to the supervisor stops everything, and a changed configuration adds and removes services. So nothing listens, and no
socket path can be too long for the system.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.launch import FINAL_EXIT, PLAN_VARIABLE
from deploy.plan import Stack, logs_folder, plan_file, run_folder
from deploy.processes import SERVICE_MARK, STACK_MARK

STOP_SECONDS = 9
"""Time a service has between SIGTERM and SIGKILL; a worker ends by itself after 8 seconds at the latest."""
STOP_ALL_SECONDS = 2 * STOP_SECONDS + 4
"""Clients first, then servers, and the supervisor's own second between."""


def write_configuration(stack: Stack) -> Path:
    """The supervisor's configuration file of this stack; also makes the folders that it names."""
    logs_folder(stack.state).mkdir(parents=True, exist_ok=True)
    file = run_folder(stack.state) / "supervisord.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(describe_configuration(stack), encoding="utf-8")
    os.replace(partial, file)  # a supervisor that runs reads it as soon as it changes
    return file


def describe_configuration(stack: Stack) -> str:
    """The text of the file. Its paths are relative to its folder: a value may hold neither `%` nor a ` #`."""
    servers = [service.name for service in stack.services if service.is_server]
    clients = [service.name for service in stack.services if not service.is_server]
    sections = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        "logfile=../logs/supervisord.log",
        "logfile_maxbytes=5MB",
        "logfile_backups=2",
        "pidfile=supervisord.pid",
    ]
    for name in stack.names:
        sections += ["", *_describe_program(name)]
    # the group that starts last is stopped first: nobody loses his broker before he has said goodbye
    for priority, (group, names) in enumerate({"servers": servers, "clients": clients}.items(), start=1):
        if names:
            sections += ["", f"[group:{group}]", f"programs={','.join(names)}", f"priority={priority}"]
    return "\n".join(sections) + "\n"


def start_supervisor(stack: Stack, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """A supervisor in a session of its own, so that Ctrl-C reaches the keeper alone."""
    configuration = write_configuration(stack)
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.supervisor", "-c", configuration.name],
        env={**environment, STACK_MARK: str(stack.state), PLAN_VARIABLE: str(plan_file(stack.state))},
        cwd=configuration.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _describe_program(name: str) -> list[str]:
    # startsecs=0: the launcher, not the supervisor, slows a crash loop down, and its final exit code is final at once
    return [
        f"[program:{name}]",
        f"command={quote_value(sys.executable)} -m deploy.launch",
        f'environment={SERVICE_MARK}="{name}"',
        "startsecs=0",
        "autorestart=unexpected",
        f"exitcodes={FINAL_EXIT}",
        f"stopwaitsecs={STOP_SECONDS}",
        "stopasgroup=true",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile=../logs/{name}.log",
        "stdout_logfile_maxbytes=0",
    ]


def quote_value(path: str | os.PathLike[str]) -> str:
    """A path as one word of a command in the configuration: quoted, `%` doubled, no comment sign after a blank."""
    quoted = shlex.quote(os.fspath(path)).replace("%", "%%")
    return quoted.replace("#", "'\"#\"'").replace(";", "'\";\"'") if quoted.startswith("'") else quoted
