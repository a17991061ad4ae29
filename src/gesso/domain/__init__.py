"""The words and the rules of gesso: plain typed Python, no I/O, no clock, no third party."""
