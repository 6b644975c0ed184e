"""What the audit keeps, and how."""
