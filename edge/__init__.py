"""Where the program meets the world: settings become a database, a clock, a mail server."""
