"""The vault: all money, as integers, in double entry."""
