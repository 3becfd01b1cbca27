"""The signatures of known causes, one file each; a file with SIGNATURE is found by `registry`."""
