"""What other services install to send commands to Fairlead and to follow its events."""
