"""What can be refused, and how it is said: one root, so that every way in can show one clear message."""


class DondocError(Exception):
    """Dondoc could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        """Show `message`; without one, the class's own docstring is the message."""
        super().__init__(message or (type(self).__doc__ or "").strip())
