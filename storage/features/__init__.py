"""Features and how often they are used, on a database."""
