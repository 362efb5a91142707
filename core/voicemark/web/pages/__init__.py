"""One page a file: what is asked for, what is read for it, and its template."""
