"""The audit of a server: what is kept, how it gets to disk, and as lines of a file."""
