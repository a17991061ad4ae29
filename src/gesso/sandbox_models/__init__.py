"""Small local models, so that every endpoint can be tried with no account anywhere.

No neural networks: each is a short program that does something real and says what it is.
Deterministic: the same request gets the same answer.
"""
