from stream.worker.phase import name_state


def test_a_worker_with_nothing_to_read_says_that_it_stands_by() -> None:
    assert name_state("joining the group", joined=False, reads=[]) == "joining the group"
    assert name_state("joining the group", joined=True, reads=[0]) == "serving"
    assert name_state("joining the group", joined=True, reads=[]) == "standby"
