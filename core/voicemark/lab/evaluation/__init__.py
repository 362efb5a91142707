"""How well voices are told apart, measured: trials, conditions, metrics, peers, markers, the table."""
