"""What keeps a database for years: backups of it."""
