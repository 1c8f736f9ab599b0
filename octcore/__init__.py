"""Inference for retinal scans: reading, preprocessing, classification. No web code; usable from Python and the shell."""

__version__ = "0.1.0"
