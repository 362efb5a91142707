"""Who may ask what of the page: one rule a file, each a layer around the application."""
