"""All that Voxpop says, in one place. Every sentence is whole, and goes through a language."""
