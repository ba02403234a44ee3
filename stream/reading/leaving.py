"""Leaving the consumer group: a worker that is told to stop says goodbye, one that crashed comes back."""

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP


class LeavingThread(AIOKafkaConsumerThread):
    """Faust's thread of the consumer, which leaves the group when the worker was told to stop.

    aiokafka never says goodbye for a member with a fixed name: its partitions would lie unread until the session
    ends. A worker that crashed says nothing, for it is started again and gets its partitions back.
    """

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Says nothing: the watchdog asks the broker itself.

        Faust's own check takes the last commit of before a partition was another worker's, and cries of a stall as
        soon as it comes back.
        """

    async def on_thread_stop(self) -> None:
        if self._consumer is not None and not self.app.crashed:
            self._consumer._coordinator._group_instance_id = None
        await super().on_thread_stop()
