"""E-mail: a platform whose buttons are links."""
