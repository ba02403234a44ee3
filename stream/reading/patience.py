"""How long a broker keeps a fetch open that finds nothing: longer where no frame could wait for its end.

It relies on parts of aiokafka that the tests pin.
"""

from collections import Counter
from typing import Any, Final

PATIENT_FETCH_SECONDS: Final = 0.5
"""As Kafka's own clients do. A partition that is assigned meanwhile waits this long for its first fetch."""


def wait_patiently(consumer: Any) -> None:
    """From now on, of a consumer that was started.

    A fetch that asks for every partition of its broker ends with the first frame, so that its length delays nobody.
    One that leaves partitions out, because they are paused or their frames still lie here, stays short: those are
    asked for only when it has returned.
    """
    fetcher = consumer._fetcher
    create_requests = fetcher._get_actions_per_node

    def create_patient_requests(assignment: Any) -> Any:
        requests, *others = create_requests(assignment)
        led = Counter(fetcher._select_read_replica(tp) for tp in assignment.tps) if requests else Counter()
        for node, request in requests:
            if sum(len(partitions) for _, partitions in request.topics) == led[node]:
                request._max_wait_ms = int(PATIENT_FETCH_SECONDS * 1000)
        return (requests, *others)

    fetcher._get_actions_per_node = create_patient_requests
