"""The documents against the product."""
