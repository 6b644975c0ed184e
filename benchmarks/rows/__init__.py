"""The rows of the table: each module measures some figures."""
