"""Messages and services generated from protos/ringback."""
