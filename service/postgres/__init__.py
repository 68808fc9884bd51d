"""The only folder that speaks to PostgreSQL."""
