"""Short names for browsers, for the list of a person's logins."""

from __future__ import annotations

# The first sign that occurs in the browser's own description names it; order matters (WeChat says Chrome and Safari, too).
PROGRAMS = (
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("Edg", "Edge 浏览器"),
    ("Firefox", "火狐浏览器"),
    ("QQBrowser", "QQ 浏览器"),
    ("HuaweiBrowser", "华为浏览器"),
    ("MiuiBrowser", "小米浏览器"),
    ("Chrome", "谷歌浏览器"),
    ("Safari", "Safari 浏览器"),
)
MACHINES = (
    ("iPhone", "苹果手机"),
    ("iPad", "苹果平板"),
    ("OpenHarmony", "鸿蒙手机"),
    ("HarmonyOS", "鸿蒙手机"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)


def device_name(user_agent: str) -> str:
    """Turn a User-Agent header into, for example, "微信 · 安卓手机". Only this name is stored, not the header."""
    found = [next((name for sign, name in signs if sign in user_agent), "") for signs in (PROGRAMS, MACHINES)]
    return " · ".join(name for name in found if name) or "未知设备"
