"""Tests of definitions run and tested without a server."""
