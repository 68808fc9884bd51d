"""The whole service as people run it, killed, stopped and started again."""
