"""Logging in and out, one's profile and settings, and logins for other people."""

from __future__ import annotations

from flask import Response, current_app, flash, g, request, url_for
from flask_login import current_user

from webapp.accounts import bp, context, queries, resume, service, session
from webapp.accounts.devices import device_name
from webapp.accounts.forms import IssueForm, LoginForm, PasswordForm, PostForm
from webapp.directory.posts import Permission
from webapp.foundation import incoming, proxies
from webapp.foundation.access import current_actor, logged_in, may, public
from webapp.foundation.errors import Invalid
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import go, no_store, page
from webapp.foundation.receipts import Done

A_YEAR = 365 * 24 * 3600  # seconds


@bp.get("/login")
@public
def login() -> Response:
    """Ask for name and password."""
    wanted = request.args.get("next", "")
    if g.actor:
        return go(wanted or "/")
    return page("accounts/login.html", form=LoginForm(formdata=None, next=wanted))


@bp.post("/login")
@public
def log_in() -> Response:
    """Check name and password, and log in under a new token."""
    form = LoginForm()
    if form.validate_on_submit():
        try:
            token = service.log_in(
                form.login.data,
                form.password.data,
                trusted=form.trusted.data,
                device=device_name(request.user_agent.string),
                address=request.remote_addr or "",
            )
        except Invalid as error:
            form.refuse(error)
        else:
            if current_user.is_authenticated:
                service.log_out(current_user.get_id())
            session.start(token, trusted=form.trusted.data)
            return _after_login(form)
    return page("accounts/login.html", status=422, form=form)


def _after_login(form: LoginForm) -> Response:
    if form.held.data:
        resumed = resume.take(form.held.data, current_user.person_id)
        if resumed:
            return no_store(page("accounts/resume.html", resumed=resumed))
        flash("刚才填的内容是另一个人写的，没有带过来。", "due")
    return go(form.next.data or "/")


@bp.post("/logout")
@logged_in
def logout() -> Response:
    """End this browser's session."""
    service.log_out(current_user.get_id())
    session.forget()
    return go(url_for("accounts.login"), "已退出登录。")


@bp.get("/me")
@logged_in
def me() -> Response:
    """The profile page: who I am, and my settings."""
    manages = current_actor().can(Permission.SETTINGS_MANAGE)
    return page(
        "accounts/me.html",
        button=ButtonForm(formdata=None),
        links=_links(),
        settings=SETTINGS if manages else (),
        misfits=proxies.misfits(current_app.config["SETTINGS"], request.headers) if manages else [],
    )


# What a district decides for itself.
SETTINGS = (
    ("办理时限", "/cases/terms", "clock"),
    ("工作日和节假日", "/cases/workdays", "calendar"),
    ("服务事项", "/visits/items", "clipboard-list"),
    ("报到类型", "/volunteering/kinds", "heart-handshake"),
    ("积分规则", "/points/rules", "coins"),
)


def _links() -> list[tuple[str, str, str]]:
    """Label, address and icon of further links, by permission. The rooms are above this one, hence no imports."""
    own = (
        (Permission.POINTS_OWN, "我的积分", "/points/", "coins"),
        (Permission.REPORT_OWN, "我的服务时长", "/volunteering/hours", "clock"),
        (Permission.ACTIVITY_READ, "志愿活动", "/volunteering/", "heart-handshake"),
        (Permission.POINTS_PROPOSE, "申报积分", "/points/propose", "award"),
        (Permission.POINTS_REVIEW, "积分审核", "/points/review", "scale"),
        (Permission.REWARD_MANAGE, "奖品管理", "/points/rewards/", "package"),
        (Permission.DIRECTORY_READ, "名录", "/directory/", "users"),
        (Permission.FEEDBACK_ANSWER, "收到的投诉建议", "/feedback/inbox", "message"),
        (Permission.CASE_DECIDE, "待认领", "/outbox/quarantine", "inbox"),
    )
    waiting = ("待发送", "/outbox", "send")  # of this phone, whoever holds it
    return [
        waiting,
        *((label, url, icon) for permission, label, url, icon in own if current_actor().can(permission)),
    ]


@bp.get("/me/post")
@logged_in
def posts() -> Response:
    """Choose the post to act under."""
    forms = [(h, PostForm(formdata=None, appointment_id=h.appointment_id)) for h in current_actor().holdings]
    return page("accounts/posts.html", forms=forms)


@bp.post("/me/post")
@logged_in
def choose_post() -> Response:
    """Switch posts. No receipt: choosing an earlier post again must work."""
    form = PostForm()
    chosen = incoming.number(form.appointment_id.data)
    if not form.validate_on_submit() or chosen is None:
        return go(url_for("accounts.posts"), "请选择一个身份。", "due")
    holding = service.choose_post(current_actor(), current_user.get_id(), chosen)
    return go("/", f"现在的身份是{holding.unit_name}{holding.post_name}。")


@bp.post("/elder")
@public
def elder_browser() -> Response:
    """Large type for this browser, without a login."""
    return _with_elder_cookie(go(request.form.get("next", "/")))


@bp.post("/me/elder")
@logged_in
def elder() -> Response:
    """Large type for this person, and for the login page in this browser."""
    service.set_elder(current_actor(), bool(request.form.get("on")))
    return _with_elder_cookie(go(request.form.get("next", "/")))


def _with_elder_cookie(response: Response) -> Response:
    if request.form.get("on"):
        response.set_cookie(
            context.ELDER_COOKIE,
            "1",
            max_age=A_YEAR,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
    else:
        response.delete_cookie(context.ELDER_COOKIE)
    return response


def _password_form() -> PasswordForm:
    if request.method == "POST":
        service.count_password_try(current_actor())
    return PasswordForm()


def _password_page(form: PasswordForm, status: int) -> Response:
    return page("accounts/password.html", status=status, form=form)


@bp.route("/me/password", methods=["GET", "POST"])
@logged_in
@once(_password_form, again=_password_page, resume=False)
def password(form: PasswordForm) -> Done:
    """Set a new password, and log out the other browsers."""
    service.change_password(current_actor(), current_user.get_id(), form.old.data, form.new.data)
    return Done(url_for("accounts.me"), "新密码已启用，其他设备已退出登录。")


@bp.get("/me/sessions")
@logged_in
def logins() -> Response:
    """The browsers in which I am logged in."""
    return _logins()


def _logins(session_id: int = 0, form: ButtonForm | None = None, status: int = 200) -> Response:
    rows = queries.logins(current_actor(), current_user.get_id())
    buttons = [(row, ButtonForm(formdata=None)) for row in rows]
    return page("accounts/logins.html", status=status, rows=buttons)


@bp.post("/me/sessions/<int:session_id>/end")
@logged_in
@once(lambda session_id: ButtonForm(), again=_logins)
def end_login(form: ButtonForm, session_id: int) -> Done:
    """Log out one of them."""
    row = service.end_session(current_actor(), session_id)
    return Done(url_for("accounts.logins"), f"“{row.device}”已退出登录。")


def _account_page(
    person_id: int, form: Form | None = None, status: int = 200, password: str = ""
) -> Response:
    return page(
        "accounts/account.html",
        status=status,
        form=form if isinstance(form, IssueForm) else IssueForm(formdata=None),
        person=queries.person_login(person_id),
        password=password,
        reset=ButtonForm(formdata=None),
    )


def _shown_once(done: Done, person_id: int) -> Response:
    """Show the new password once. A repeated form can't show it again, because it is not stored."""
    if "first_password" in g:
        return no_store(_account_page(person_id, password=g.pop("first_password")))
    return go(done.url, "初始密码只显示一次。没有记下的话，请重新设置。", "due")


@bp.route("/directory/people/<int:person_id>/account", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="person")
@once(lambda person_id: IssueForm(), again=_account_page, then=_shown_once)
def account(form: IssueForm, person_id: int) -> Done:
    """Give a person a login; its first password is shown on this answer and never again."""
    g.first_password = service.open_account(current_actor(), person_id=person_id, username=form.username.data)
    return Done(url_for("accounts.account", person_id=person_id))


@bp.post("/directory/people/<int:person_id>/account/reset")
@may(Permission.DIRECTORY_MANAGE, record="person")
@once(lambda person_id: ButtonForm(), again=_account_page, then=_shown_once)
def reset_account(form: ButtonForm, person_id: int) -> Done:
    """Replace a forgotten password with a new initial one."""
    g.first_password = service.reset_password(current_actor(), person_id=person_id)
    return Done(url_for("accounts.account", person_id=person_id))
