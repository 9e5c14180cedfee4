"""Everything as static files: answers as JSON, tables, feeds, calendars and the database, for any web server, lake or machine.

``folder.write`` writes them; ``docs/export.md`` describes them.
"""
