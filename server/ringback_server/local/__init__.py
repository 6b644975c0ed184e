"""Definitions run and tested without a server: calls are answered by stubs, time is virtual."""
