"""What is acknowledged is on disk: seen from outside, with faults, through crashes."""
