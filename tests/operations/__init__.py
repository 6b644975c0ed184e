"""Tests of what it takes to run a server: probes, metrics, logs, traces, backups."""
