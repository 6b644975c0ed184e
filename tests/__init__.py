"""Tests of Ringback."""
