"""`vigia doctor`."""

import typer

from pipelines.terminal import JsonOption, print_json, say

doctor_app = typer.Typer(rich_markup_mode=None)


@doctor_app.command()
def doctor(json: JsonOption = False) -> None:
    """Look at this machine, the workspace and every configured service; each finding says its mend."""
    from dataclasses import asdict
    from pathlib import Path

    from deploy.doctor import run_checks
    from pipelines.settings import load_settings

    checks = run_checks(load_settings(), Path.cwd())
    for check in checks:
        say(f"{'ok  ' if check.ok else 'FAIL'} {check.name:<11} {check.detail}")
        if check.mend:
            say(f"     {'':<11} {check.mend}")
    if json:
        print_json({"checks": [asdict(check) for check in checks]})
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
