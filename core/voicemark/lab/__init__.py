"""Everything that makes or measures models. Nothing that recognises a voice or runs as a service imports it."""
