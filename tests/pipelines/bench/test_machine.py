from pipelines.bench.machine import count_cores, list_versions, read_processor

CPUINFO = """\
processor\t: 0
model name\t: A Processor
flags\t\t: fpu avx2 avx512_bf16 somethingelse

processor\t: 1
model name\t: Another
flags\t\t: fpu
"""


def test_the_flags_that_matter_are_read_from_the_first_processor() -> None:
    assert read_processor(CPUINFO) == ("A Processor", ["avx2", "avx512_bf16"])


def test_a_system_that_does_not_tell_is_no_error() -> None:
    assert read_processor("") == ("", [])


def test_versions_are_those_of_what_is_installed() -> None:
    versions = list_versions(("numpy", "no-such-package"))

    assert list(versions) == ["numpy"]


def test_there_is_a_core() -> None:
    assert count_cores() >= 1
