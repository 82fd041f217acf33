"""Which scripts of a folder can be started: those that do something at their top level, told without running any."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from longshore.projects import opening

KAGGLE = '''
"""My first submission."""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

train = pd.read_csv("../input/train.csv")
X, y = train.drop("target", axis=1), train["target"]
model = RandomForestClassifier(n_estimators=100)
model.fit(X, y)
print(model.score(X, y))
'''


def names(folder: Path, files: dict[str, str]) -> list[str]:
    """Write files and give the names of what can be started."""
    for name, content in files.items():
        file = folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return [entry.name for entry in opening.inspect(folder).entry_points]


MODULE = "def helper():\n    return 1\n"


@pytest.mark.parametrize(
    "script",
    [
        KAGGLE,
        "1/0\n",
        "df = load()\ndf.shape\n",
        "import data\nmodel = data.train(epochs=3)\n",
        "import data\nmodel = (\n    data.train(epochs=3)\n)\n",
        "import data\nmodel: object = data.train()\n",
        "import data\ntotal = 0\ntotal += data.train()\n",
        "import data\nresults = [data.train(seed) for seed in range(3)]\n",
        "import data\nif data.ready:\n    data.train()\n",
        "import data\nwith data.session():\n    loss = data.train()\n",
        "import data\ntry:\n    data.train()\nexcept OSError:\n    raise\n",
        "import data\nfor seed in range(3):\n    data.train(seed)\n",
        "import data\nwhile data.more(): pass\n",
        "import data\nmatch data.kind:\n    case 1: data.train()\n",
        "raise ValueError('no rows')\n",
        "import asyncio\nasync def main(): ...\nasyncio.run(main())\n",
        "# %% [markdown]\n# A notebook, exported\n# %%\nimport data\nmodel = data.train()\nmodel\n",
        "\ufeffprint('with a mark of order')\n",
        "import numpy as np\nnp.random.seed(0)\nscores = np.load('scores.npy')\n",
        "def main(): ...\nif __name__ == '__main__':\n    main()\n",
    ],
)
def test_that_a_script_with_only_top_level_code_can_be_started(tmp_path: Path, script: str) -> None:
    assert names(tmp_path, {"train": script, "helpers": MODULE}) == ["train"]


@pytest.mark.parametrize(
    "module",
    [
        MODULE,
        '"""Only words."""\n',
        "from os import path\nimport sys\n__all__ = ['path']\n__version__ = '1.0'\n",
        "import logging\nlogger = logging.getLogger(__name__)\nlogger.setLevel('INFO')\n",
        "import sys, warnings\nsys.path.append('..')\nwarnings.filterwarnings('ignore')\n",
        "from pathlib import Path\nROOT = Path(__file__).resolve().parent\ndata = ROOT / 'data'\n",
        "import os\nhost = os.environ.get('HOST', 'localhost')\nDEVICE = pick_device()\n",
        "import random, numpy as np\nrandom.seed(0)\nnp.random.seed(0)\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n",
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n",
        "try:\n    import torch\nexcept ImportError as error:\n    raise RuntimeError('Install torch.') from error\n",
        "from enum import Enum\nclass Kind(Enum):\n    A = 1\nnames = [kind.name for kind in Kind]\n",
        "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        print(x)\n        return x\n",
        "square = lambda x: compute(x)\n",
        "RATES = {\n    'low': 0.1,\n    'high': 0.5,\n}\n...\n",
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef root(): ...\n",
    ],
)
def test_that_a_module_that_only_defines_things_is_no_entry_point(tmp_path: Path, module: str) -> None:
    assert names(tmp_path, {"module": module, "train": "print('start')\n"}) == ["train"]


def test_that_a_module_which_prepares_what_others_import_is_no_entry_point(tmp_path: Path) -> None:
    data = "import pandas as pd\nframe = pd.read_csv('a.csv')\n"
    assert names(tmp_path, {"data": data, "train": "from data import frame\nprint(frame)\n"}) == ["train"]
    (tmp_path / "train.py").unlink()
    assert names(tmp_path, {"other": "print(1)\n"}) == ["data", "other"], "nobody imports it now"


def test_that_modules_of_packages_tests_and_set_up_files_are_no_entry_points(tmp_path: Path) -> None:
    acts = "print('imported')\n"
    acting = ["train", "steps/clean", "package/__init__", "package/module", "setup", "conftest", "noxfile"]
    acting += ["test_train", "train_test", "tests/helper"]
    guarded = {"package/tool": "if __name__ == '__main__':\n    print(1)\n"}
    found = names(tmp_path, dict.fromkeys(acting, acts) | guarded)
    assert found == ["train", "package/tool", "steps/clean"]


def test_that_a_top_folder_that_is_a_package_itself_still_offers_its_scripts(tmp_path: Path) -> None:
    assert names(tmp_path, {"__init__": "", "train": KAGGLE}) == ["train"]


def test_that_a_folder_of_hundreds_of_files_is_read_in_a_blink(tmp_path: Path) -> None:
    module = (
        '"""A module.\n\nWith words that start at the margin, and a call() among them.\n"""\n'
        "from __future__ import annotations\nimport logging\nlogger = logging.getLogger(__name__)\n_CACHE = build()\n"
    ) + "".join(
        f"\n\ndef f{number}(x):\n    if x > {number}:\n        return g(x)\n    return x\n" for number in range(60)
    )
    files = {f"lib/part{number % 10}/m{number}": module for number in range(400)}
    assert names(tmp_path, {"train": KAGGLE, **files}) == ["train"]
    seconds = []
    for _ in range(5):
        started = time.process_time()
        opening.inspect(tmp_path)
        seconds.append(time.process_time() - started)
    # Parsing them all takes ten times as long; a loaded machine may take its time.
    assert min(seconds) < 0.25
