"""What other services install to send commands to Fairlead and to follow its events."""

from fairlead.client import Client, NoReply

__all__ = ["Client", "NoReply"]
