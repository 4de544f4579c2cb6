"""The browser that the tests drive: the system's own Chromium, through Playwright."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TypedDict

import playwright
from playwright.sync_api import Browser, ConsoleMessage, Playwright, ViewportSize

DRIVER = Path(playwright.__file__).parent / "driver" / "node"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # the sandbox does not start for root, nor in most containers
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have a small /dev/shm
    # Nothing leaves this machine: what a test sees is what the app sent.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Screen(TypedDict):
    """What Playwright is told of a device."""

    viewport: ViewportSize
    has_touch: bool
    is_mobile: bool
    locale: str
    timezone_id: str
    device_scale_factor: float


# The screen that the pages are judged by.
PHONE = Screen(
    viewport={"width": 390, "height": 844},
    has_touch=True,
    is_mobile=True,
    locale="zh-CN",
    timezone_id="Asia/Shanghai",
    device_scale_factor=2,
)


def is_fault(message: ConsoleMessage) -> bool:
    """Whether a console line tells of a fault: an error, but not the browser's remark on a 4xx answer."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@cache
def chromium_missing() -> str | None:
    """Why no browser can be driven here, in words for a test report; None when one can."""
    if _chromium() is None:
        return "Chromium is missing: apt-get install chromium"
    if subprocess.run([DRIVER, "--version"], capture_output=True, check=False).returncode:
        return "Playwright's driver does not start: apt-get install libatomic1"
    if not _has_chinese_font():
        return "no font with Chinese characters: apt-get install fonts-noto-cjk"
    return None


def launch(driver: Playwright) -> Browser:
    """Start Chromium without a window, by the driver that ``sync_playwright()`` gives.

    Raises:
        RuntimeError: something is missing; ask ``chromium_missing()`` first.
    """
    if reason := chromium_missing():
        raise RuntimeError(reason)
    return driver.chromium.launch(executable_path=_chromium(), args=list(FLAGS))


def _chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _has_chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())
