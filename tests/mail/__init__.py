"""Mail for tests: letters as the product makes them, and servers that take them."""
