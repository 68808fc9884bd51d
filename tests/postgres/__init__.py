"""What has to hold in a real PostgreSQL."""
