"""Attacks: who may do what on every RPC and route, and what a hostile caller can send."""
