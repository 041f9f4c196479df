"""What the local runner tells a person when it cannot go on."""


class LocalServiceError(RuntimeError):
    """A local service cannot start; the message says what is wrong and the way out."""
