"""What is known of Google's services, for connectors: their methods, and where they are reached."""
