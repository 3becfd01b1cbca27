"""Files of any metric by time: CSV in, with every bad cell named, and the same rows out, judged."""
