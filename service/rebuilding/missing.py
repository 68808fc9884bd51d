"""Said of a build that is not there; apart from all drivers, since every command knows what it means."""


class NotThere(LookupError):
    """There is no such build; the message says what to do."""
