"""What was learned, scored and observed, in and out of the database; nothing is computed here."""
