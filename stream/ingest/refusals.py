"""Why a push is not taken: one error with the HTTP status, a countable reason and a sentence for whoever set it up."""

from pipelines.errors import MessageError


class RefusedError(MessageError):
    """An answer that is not 202."""

    def __init__(self, status: int, reason: str, text: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
