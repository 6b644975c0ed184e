"""Tests of signatures of callbacks."""
