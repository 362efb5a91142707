"""The page on which one sees, hears, names and corrects: reads the database; acts go to the service."""
