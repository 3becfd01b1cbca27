"""Measurements and long campaigns; README.md says what each is for, and its goal."""
