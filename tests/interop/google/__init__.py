"""Programs that use Google's official clients, unmodified but for address and credentials."""
