"""The demonstration: a recording of real voices, made on the spot as VDR would have left it, with a known truth."""
