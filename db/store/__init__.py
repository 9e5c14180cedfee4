"""The database file: schema, migrations, connections."""
