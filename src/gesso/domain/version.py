"""Model versions of Midjourney: which are known, and how each is written."""

from __future__ import annotations

from dataclasses import dataclass

#: Versions a prompt may ask for with `--v` and `--niji`.
NUMBERS = ("1", "2", "3", "4", "5", "5.1", "5.2", "6", "6.1", "7", "8", "8.1", "8.2")
NIJI_NUMBERS = ("4", "5", "6", "7")
#: What a prompt gets that names none.
DEFAULT, DEFAULT_NIJI = "7", "7"


@dataclass(frozen=True, slots=True)
class Version:
    """A model family with its number."""

    family: str  #: `v` or `niji`.
    number: str

    @classmethod
    def read(cls, key: str) -> Version:
        """Return the version of a key such as `v6.1` or `niji7`; the default for an empty one."""
        family = "niji" if key.startswith("niji") else "v"
        default = DEFAULT_NIJI if family == "niji" else DEFAULT
        return cls(family, key.removeprefix(family) or default)

    @property
    def key(self) -> str:
        """The spelling in price keys: `v8.1`, `niji7`."""
        return f"{self.family}{self.number}"

    @property
    def major(self) -> int:
        """The number before the point."""
        return int(self.number.partition(".")[0])
