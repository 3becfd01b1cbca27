"""What every adapter promises, over the real libraries: cases, one file a library, and one suite.

A case is a file `case_NAME.py` with `CASES`, a list of `Case` objects; the suite finds it. Its own
test file says what is of that library alone.
"""
