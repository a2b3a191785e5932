"""The engineer's hour: every cell runs, and shows what the page shows.

``python tests/docs/test_notebook.py`` runs the cells and stores their outputs.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "an_hour_with_farflung.ipynb"


def executed():
    """Return the notebook as it comes out when every cell is run in a kernel of its own."""
    notebook = nbformat.read(NOTEBOOK, 4)
    NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": NOTEBOOK.parent}}
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when a cell ran is no output
    return notebook


def texts(notebook):
    """Return what each cell prints or shows, as one text: how a stream is cut into pieces is chance."""

    def text(output):
        return output.get("text") or output.get("data", {}).get("text/plain", "")

    return ["".join(map(text, cell.get("outputs", ()))) for cell in notebook.cells]


def test_the_notebook_runs_and_shows_what_is_stored():
    stored = nbformat.read(NOTEBOOK, 4)
    assert sum(map(bool, texts(stored))) > 10
    assert texts(executed()) == texts(stored)


if __name__ == "__main__":
    nbformat.write(executed(), NOTEBOOK)
