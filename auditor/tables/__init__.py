"""Windows out of files: CSV and Parquet tables, read in order of time, a block at a time."""
