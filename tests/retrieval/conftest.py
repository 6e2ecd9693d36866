import pytest

from rapport.doubles import HashingEncoder
from rapport.settings import RetrievalSettings


@pytest.fixture
def light():
    """An encoder that costs nothing: words to dimensions."""
    return HashingEncoder()


@pytest.fixture
def options():
    return RetrievalSettings()


@pytest.fixture
def anyio_backend():
    """Runs the async tests of langchain-tests; their own plugin is not installed."""
    return "asyncio"
