"""What has to hold, tried on the whole and on its parts."""
