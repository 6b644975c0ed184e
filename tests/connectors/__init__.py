"""Connectors: what is known of Google's services, and calls of small ones that stand for them."""
