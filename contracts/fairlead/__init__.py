"""What other services install to send commands to Fairlead and to follow its events."""

from fairlead.client import Client
from fairlead.events import FollowedEvent
from fairlead.failures import NoReply

__all__ = ["Client", "FollowedEvent", "NoReply"]
