"""A server that is killed, stopped and started again under load, and a ledger of its answers."""
