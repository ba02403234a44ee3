from pipelines.reproduction import explain_failure


def test_the_stages_own_error_line_is_what_the_user_reads() -> None:
    lines = [
        "Running stage 'train@cars':",
        "error: Expected weights, found none.",
        "ERROR: failed to reproduce 'train@cars'",
    ]

    assert explain_failure("cars", lines) == "Expected weights, found none."


def test_otherwise_dvc_speaks() -> None:
    words = explain_failure("cars", ["ERROR: failed to reproduce 'prepare@cars': missing data 'source': data/raw/cars"])

    assert "missing data" in words
    assert "dvc repro" in words


def test_a_lock_says_to_wait() -> None:
    assert "wait for it" in explain_failure("cars", ["ERROR: Unable to acquire lock. Most likely another DVC process"])


def test_silence_is_told_too() -> None:
    assert "nothing" in explain_failure("cars", [])


def test_a_stage_that_was_killed_says_to_run_again() -> None:
    lines = ["ERROR: failed to reproduce 'train@cars': failed to run: exec python ..., exited with -9"]

    assert "memory ran out: run again" in explain_failure("cars", lines)
