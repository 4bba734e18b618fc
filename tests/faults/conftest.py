from typing import Any

import pytest
from pytest_django import Settings

from tests.conftest import make_user


@pytest.fixture
def rich(db: None, settings: Settings) -> Any:
    """Has 10,000.00 credits; fal has ten places."""
    settings.FAL_CONCURRENCY = 10
    return make_user("rich@example.com", 10_000_00)
