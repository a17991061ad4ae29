"""For authors of providers: the contract that every provider keeps, as tests to run.

Needs pytest with anyio's plugin; gesso itself imports nothing of this. How to use it:
docs/howto/add-a-provider.md.
"""

import pytest

pytest.register_assert_rewrite("gesso.testing.provider_contract", "gesso.testing.relay_contract")
