"""Invitations that something brought, on a database."""
