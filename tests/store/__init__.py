"""The store on disk, and what a handler's knowledge is when it comes back from it."""
