"""Studios that are closed again."""

import pytest
from tests.app.made import Browser, open_studio


@pytest.fixture
def studio(tmp_path):
    """One whose workers pretend; its queue runs."""
    made = open_studio(tmp_path / "studio")
    made.runner.start()
    yield made
    made.close()


@pytest.fixture
def browser(studio):
    return Browser(studio)
