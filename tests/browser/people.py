"""A person with a phone, for journeys that pass through several hands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.browser import PHONE, is_fault
from tests.support.live import Live
from tests.support.world import PASSWORD


@dataclass
class Somebody:
    """One person's phone. Counts the taps; an error of a script or of the content policy fails the journey."""

    name: str
    page: Page
    taps: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on(
            "console", lambda message: self.faults.append(message.text) if is_fault(message) else None
        )

    def opens(self, url: str) -> None:
        """Open an address, as a tab, a QR code or a bookmark does."""
        self.page.goto(url)

    def tap(self, what: Locator) -> None:
        """One tap, with the finger."""
        what.tap()
        self.taps += 1

    def press(self, label: str) -> None:
        """Tap the button that says ``label``."""
        self.tap(self.page.get_by_role("button", name=label, exact=True).locator("visible=true").first)

    def follow(self, label: str) -> None:
        """Tap the link that says ``label``."""
        self.tap(self.page.get_by_role("link", name=re.compile(label)).locator("visible=true").first)

    def choose(self, label: str) -> None:
        """Tap a chip."""
        self.tap(
            self.page.locator("label.chip", has_text=re.compile(f"^\\s*{label}\\s*$"))
            .locator("visible=true")
            .first
        )

    def unfold(self, label: str) -> None:
        """Tap what opens a sheet or unfolds more."""
        self.tap(self.page.locator("summary, .acts a.btn", has_text=label).locator("visible=true").first)

    def sees(self, text: str) -> None:
        """The text stands on the screen."""
        expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible()


@dataclass
class Street:
    """Everybody who takes part, each with a phone of their own."""

    browser: Browser
    live: Live
    script: bool = True  # False: phones whose browser runs no JavaScript
    people: dict[str, Somebody] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)

    def stranger(self, name: str = "resident") -> Somebody:
        """A person without a login."""
        if name not in self.people:
            context = self.browser.new_context(
                **PHONE, base_url=self.live.url, java_script_enabled=self.script
            )
            self.contexts.append(context)
            self.people[name] = Somebody(name, context.new_page())
        return self.people[name]

    def __getitem__(self, post: str) -> Somebody:
        """The person of the small world, logged in by the login page."""
        if post in self.people:
            return self.people[post]
        person = self.stranger(post)
        person.opens("/login")
        person.page.get_by_label("用户名或手机号").fill(post)
        person.page.get_by_label("密码", exact=True).fill(PASSWORD)
        person.press("登录")
        expect(person.page.get_by_role("navigation", name="主导航")).to_be_visible()
        person.taps = 0
        return person

    def close(self) -> None:
        """Everybody goes home; nobody saw an error."""
        for context in self.contexts:
            context.close()
        faults = {name: person.faults for name, person in self.people.items() if person.faults}
        assert not faults, faults
