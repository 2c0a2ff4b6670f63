"""A real browser that is watched: it must reach no other host, break no content policy and log no error."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ROOT = Path(__file__).parent.parent.parent
ARTEFACTS = ROOT / "artefacts"
AXE = Path(__file__).parent / "axe" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """A browser and everything in it that went wrong."""

    browser: Browser
    url: str
    faults: list[str] = field(default_factory=list[str])

    @contextmanager
    def person(self, **options: Any) -> Generator[Page]:
        """Open a page in a browser profile of its own."""
        context = self.browser.new_context(base_url=self.url, **options)
        self._watch(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"error on {urlsplit(page.url).path}: {error}"))
        yield page
        context.close()

    def _watch(self, context: BrowserContext) -> None:
        host = urlsplit(self.url).netloc

        def asked(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme != "data" and parts.netloc != host:
                self.faults.append(f"asked another host: {request.url}")

        def said(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.faults.append(f"console: {message.text}")

        context.on("request", asked)
        context.on("console", said)


@contextmanager
def browsing(executable: str, url: str) -> Generator[Watched]:
    """Start the machine's Chromium for one server."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield Watched(browser, url)
        browser.close()


def keep(page: Page, name: str) -> None:
    """Keep a screenshot as a build artefact; the folder in INTERCODER_SCREENSHOTS, if set, gets one for the documents."""
    shot = page.screenshot()
    artefact(name).write_bytes(shot)
    if folder := os.environ.get("INTERCODER_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(shot)


def artefact(name: str) -> Path:
    """Give the path of a screenshot that stays with the build."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS / f"{name}.png"


def violations(page: Page) -> list[str]:
    """Name what axe-core finds against WCAG 2.2 AA on a page."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("tags => axe.run({runOnly: tags})", WCAG)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


def scrolls_sideways(page: Page) -> bool:
    """Say whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
