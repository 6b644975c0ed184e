"""Tests of the store, on database files."""
