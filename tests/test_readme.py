"""README's code blocks do what they say, on the demo study."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, cast

from service.demo.seeding import ensure_demo
from tests.installation import KEY, Installation
from tests.server import serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_curl_example_gives_the_answer_shown(tmp_path: Path) -> None:
    [command] = [block for block in _blocks("bash") if "curl" in block]
    [shown] = [json.loads(block) for block in _blocks("json")]
    ensure_demo(Installation(tmp_path).store)
    environ = {"INTERCODER_DATA_DIR": str(tmp_path), "INTERCODER_SECRET_KEY": KEY, "PATH": "/usr/bin:/bin"}
    with serving(tmp_path) as server:
        here = command.replace("http://127.0.0.1:8000", server.url)
        answer = json.loads(subprocess.run(["bash", "-ec", here], cwd=ROOT, env=environ, check=True, capture_output=True).stdout)
    assert _shape(answer) == _shape(shown)
    assert _codes(answer) == _codes(shown)


def test_the_offline_example_prints_the_figures_it_names(tmp_path: Path) -> None:
    [command] = [block for block in _blocks("bash") if "agree" in block]
    (tmp_path / "codings.csv").write_text("unit,coder,code\n" + "".join(f"{n},{c},{n % 2}\n" for n in range(6) for c in "ab"))
    here = command.replace(".venv/bin", str(ROOT / ".venv/bin"))
    printed = subprocess.run(["bash", "-ec", here], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert all(name in printed for name in ("percent agreement", "Cohen's kappa, a and b", "Krippendorff's alpha (nominal)"))


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def _shape(value: Any) -> Any:
    """Reduce JSON to its keys and the types of its values."""
    match value:
        case dict():
            return {key: _shape(inner) for key, inner in cast("dict[str, Any]", value).items()}
        case list():
            return [_shape(inner) for inner in cast("list[Any]", value)]
        case _:
            return type(value).__name__


def _codes(answer: dict[str, Any]) -> list[str]:
    return [code["code"] for suggestion in answer["suggestions"] for variable in suggestion["variables"] for code in variable["codes"]]
