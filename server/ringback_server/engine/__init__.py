"""Drives executions: a bounded pool of threads, each blocked on the mailbox of what it drives."""
