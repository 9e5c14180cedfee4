"""What keeps the site answering everybody: large work in turns, and a limit on the bytes that single clients make it hold."""
