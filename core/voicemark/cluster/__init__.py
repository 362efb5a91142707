"""Several machines hear recordings together; one of them keeps the queue and writes (docs/cluster.md)."""
