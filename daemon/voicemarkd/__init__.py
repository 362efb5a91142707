"""The service: which recording, and when."""
