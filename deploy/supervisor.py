"""The supervisor's process: supervisord, which also follows its configuration while it runs.

supervisord itself changes its programs over a control socket alone, or by a restart of them all. Here a program that
is new in the file is started, one that is gone is stopped; those that stay notice nothing.
"""

import os
from typing import Any

from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.states import STOPPED_STATES, SupervisorStates
from supervisor.supervisord import Supervisor


class FollowingSupervisor(Supervisor):  # type: ignore[misc]  # supervisor has no types
    """Looks at the file once a turn, which is once a second or more often."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._seen: tuple[int, int] | None = None

    def tick(self, now: float | None = None) -> None:
        super().tick(now)
        if self.options.mood != SupervisorStates.RUNNING:
            return
        if (stamp := _stamp(self.options.configfile)) != self._seen:
            self._seen = stamp
            self._follow()
        self._forget_stopped()

    def _follow(self) -> None:
        self.options.process_config(do_usage=False)
        for config in self.options.process_group_configs:
            if config.name not in self.process_groups:
                self.add_process_group(config)
                continue
            group = self.process_groups[config.name]
            group.config = config
            for program in config.process_configs:
                if program.name not in group.processes:
                    program.create_autochildlogs()
                    # its group's next turn starts it
                    group.processes[program.name] = program.make_process(group)

    def _forget_stopped(self) -> None:
        for group in self.process_groups.values():
            wanted = {program.name for program in group.config.process_configs}
            for name in [name for name in group.processes if name not in wanted]:
                process = group.processes[name]
                if process.get_state() in STOPPED_STATES:
                    del group.processes[name]
                elif not process.killing:
                    process.stop()


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino


def main() -> None:
    options = ServerOptions()
    options.realize()
    options.first, options.test = True, False
    try:
        FollowingSupervisor(options).main()
    except asyncore.ExitNow:
        options.close_logger()


if __name__ == "__main__":
    main()
