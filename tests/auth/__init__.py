"""Tests of keys, tokens, grants and access."""
