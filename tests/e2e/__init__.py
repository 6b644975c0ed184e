"""Tests with real processes, real sockets and the official client."""
