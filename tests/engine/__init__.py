"""Tests of the engine: threads, mailboxes, deadlines, recovery."""
