"""The detectors, one file each; a file that defines DETECTOR is found by `registry`."""
