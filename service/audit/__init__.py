"""The independent judge: recomputes from the contract's words what has to stand where, with no code of the service."""
