"""What people would pick instead, each with an environment of its own."""
