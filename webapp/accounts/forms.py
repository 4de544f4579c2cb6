"""Forms of logging in and of one's own settings."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, PasswordField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from webapp.foundation.forms import CodeField, Form

LONGEST = 200  # a password longer than this only costs the server time


class LoginForm(Form):
    """Name and password."""

    login = CodeField(
        "用户名或手机号",
        validators=[InputRequired("请填写用户名或手机号。"), Length(max=80, message="用户名没有这么长。")],
    )
    password = PasswordField(
        "密码", validators=[InputRequired("请填写密码。"), Length(max=LONGEST, message="密码没有这么长。")]
    )
    trusted = BooleanField("这是我自己的手机，60天内不用再登录", default=True)
    next = HiddenField()
    held = HiddenField()  # a form that was sent after an earlier login had lapsed


class PasswordForm(Form):
    """A new password, with the current one to confirm it."""

    old = PasswordField(
        "现在的密码",
        validators=[InputRequired("请填写现在的密码。"), Length(max=LONGEST, message="密码没有这么长。")],
    )
    new = PasswordField(
        "新密码",
        validators=[
            InputRequired("请填写新密码。"),
            Length(max=LONGEST, message=f"密码最多{LONGEST}个字符。"),
        ],
    )
    again = PasswordField(
        "再填一次新密码",
        validators=[InputRequired("请再填一次新密码。"), EqualTo("new", message="两次填的新密码不一样。")],
    )


class PostForm(Form):
    """A button that switches to one of the person's posts."""

    appointment_id = HiddenField()


class IssueForm(Form):
    """The user name of a new login."""

    username = CodeField(
        "用户名",
        validators=[
            InputRequired("请填写用户名。"),
            Regexp(
                r"^[A-Za-z][A-Za-z0-9_.\-]{2,39}$",
                message="用户名用3到40个英文字母、数字或下划线，以字母开头。",
            ),
        ],
    )
