"""The pages without a login: report, follow, judge, complain; and the privacy notice."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, request, session, url_for
from markupsafe import Markup

from webapp import config
from webapp.cases import display
from webapp.cases import queries as cases
from webapp.cases import service as case_service
from webapp.cases.models import Case
from webapp.directory.posts import Permission
from webapp.foundation import codes, limits
from webapp.foundation.access import current_actor, may, public
from webapp.foundation.errors import Conflict, NotFound, Refused
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done
from webapp.residents import queries, service, words
from webapp.residents.forms import (
    CODE_FORMS,
    PHRASES,
    WHOLE_DISTRICT,
    AnswerForm,
    CodeForm,
    FeedbackForm,
    LookForm,
    ReportForm,
)

bp = Blueprint("residents", __name__)

# Tries allowed in so many minutes. Generous: a whole estate may stand behind one address of a mobile network.
REPORTS_OF_ADDRESS = (20, 60)
REPORTS_OF_STATION = (120, 60)
LOOKS_OF_ADDRESS = (120, 10)
VERBS: dict[str, Callable[..., Case]] = {
    "verdict": case_service.record_verdict_by_code,
    "withdraw": case_service.withdraw_by_code,
    "supervise": case_service.supervise_by_code,
    "reopen": case_service.reopen_by_code,
}


def register(app: Flask) -> None:
    """Hang the room on ``app``."""
    import webapp.residents.export_views  # noqa: F401 - adds its page to the blueprint

    app.register_blueprint(bp)


@bp.after_request
def keep_out_of_search(response: Response) -> Response:
    """No search engine keeps these pages. No other site learns their addresses: the app's own Referrer-Policy sees to it."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _settings() -> config.Settings:
    settings: config.Settings = current_app.config["SETTINGS"]
    return settings


def _count(what: str, whose: str, limit: tuple[int, int]) -> None:
    limits.hit(f"{what}:{whose}", *limit)


def _address() -> str:
    return request.remote_addr or ""


def _qr(endpoint: str, code: str) -> Markup:
    """A QR code of the page on which ``code`` is followed."""
    base = _settings().public_url or request.url_root.rstrip("/")
    return qr_svg(base + url_for(endpoint, code=code))


# Reporting


@bp.get("/r/<code>")
@public
def report(code: str) -> Response:
    """What a resident sees after scanning a station's code."""
    return _report_page(code, _report_form(fresh=True))


@bp.post("/r/<code>")
@public
def send_report(code: str) -> Response:
    """Take the report in; the answer shows the tracking code."""
    form = _report_form()
    _count("report", _address(), REPORTS_OF_ADDRESS)
    _count("report-station", code, REPORTS_OF_STATION)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: case_service.register_by_resident(code, **form.inputs()),
            # The receipt keeps the number; the code is a secret and is looked up again.
            lambda done: Done(url_for("residents.received"), remember={"reported": done.number}),
        )
        if done:
            session.update(done.remember)
            return go(done.url)
    return _report_page(code, form, 422)


def _report_form(fresh: bool = False) -> ReportForm:
    form = ReportForm(**({"formdata": None} if fresh else {}))
    form.category.choices = {row.key: row.name for row in cases.categories()}
    return form


def _report_page(code: str, form: ReportForm, status: int = 200) -> Response:
    station = cases.station_for(code)
    return page("residents/report.html", status=status, form=form, station=station, code=code)


@bp.get("/r/received")
@public
def received() -> Response:
    """The tracking code, for the browser that has just reported."""
    number = session.get("reported", "")
    code = queries.code_of_case(number)
    response = page("residents/received.html", number=number, code=code, qr=_qr("residents.follow", code))
    response.headers["Cache-Control"] = "no-store"
    return response


# Following


@bp.get("/t")
@public
def ask_code() -> Response:
    """Enter the tracking code by hand."""
    typed = request.args.get("code", "").strip()
    if typed:
        return go(url_for("residents.follow", code=codes.normalise_code(typed)[:40]))
    return page("residents/ask_code.html")


@bp.get("/t/<code>")
@public
def follow(code: str) -> Response:
    """Where the case is, in plain words."""
    _count("look", _address(), LOOKS_OF_ADDRESS)
    return _case(code)


def _case(
    code: str, status: int = 200, tried: tuple[str, CodeForm] | None = None, message: str = ""
) -> Response:
    try:
        case = cases.public_view(code)
    except NotFound:
        return page("residents/ask_code.html", status=404, message=queries.NOT_FOUND)
    forms = {action: form(formdata=None, code=code) for action, form in CODE_FORMS.items()}
    if tried:
        forms[tried[0]] = tried[1]
    response = page(
        "residents/follow.html",
        part="residents/_follow.html",
        status=status,
        case=case,
        forms=forms,
        words=words,
        phrases=PHRASES,
        message=message,
        kinds=display.STATUS_KINDS,
        rail=display.rail(case.status, case.stage),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/t/do/<action>")
@public
def act(action: str) -> Response:
    """What the reporter does with the code: judge, take back, urge, ask for more."""
    if action not in CODE_FORMS:
        raise NotFound
    _count("look", _address(), LOOKS_OF_ADDRESS)
    form = CODE_FORMS[action]()
    code = form.code.data or ""
    try:
        done = form.validate_on_submit() and submit(
            form,
            lambda: VERBS[action](code, **form.inputs()),
            lambda _: Done(url_for("residents.ask_code"), words.SAID[action]),
        )
    except (Conflict, Refused) as error:
        return _case(code, 409, message=error.message)
    if not done:
        return _case(code, 422, tried=(action, form))
    return go(url_for("residents.follow", code=code), done.message)


# Privacy, complaints


@bp.get("/privacy")
@public
def privacy() -> Response:
    """Who keeps what for how long, and what one may ask for."""
    return page("residents/privacy.html", settings=_settings())


@bp.get("/check")
@public
def check() -> Response:
    """能力检测: what this phone can do. The result goes to the district's administrator as 投诉建议, with its reply."""
    form = FeedbackForm(formdata=None, path="check")
    form.text.label.text = "检测结果"
    return page("residents/check.html", form=form, abilities=words.ABILITIES)


@bp.get("/feedback")
@public
def feedback() -> Response:
    """投诉建议: say what is wrong with the product or its use."""
    return _feedback_page(_feedback_form(fresh=True))


@bp.post("/feedback")
@public
def send_feedback() -> Response:
    """Keep it; the answer shows the code to follow it with."""
    form = _feedback_form()
    _count("feedback", _address(), REPORTS_OF_ADDRESS)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.send_feedback(g.actor, **form.inputs()),
            lambda row: Done(url_for("residents.feedback_received"), remember={"feedback": row.id}),
        )
        if done:
            session.update(done.remember)
            return go(done.url)
    return _feedback_page(form, 422)


def _feedback_form(fresh: bool = False) -> FeedbackForm:
    came_from = urlsplit(request.referrer or "").path
    form = FeedbackForm(
        **({"formdata": None, "path": came_from.lstrip("/").partition("/")[0]} if fresh else {})
    )
    form.unit_id.choices = {WHOLE_DISTRICT: "全区，或说不清", **dict(queries.feedback_places())}
    return form


def _feedback_page(form: FeedbackForm, status: int = 200) -> Response:
    answers = g.actor is not None and g.actor.can(Permission.FEEDBACK_ANSWER)
    return page("residents/feedback.html", status=status, form=form, answers=answers)


@bp.get("/feedback/received")
@public
def feedback_received() -> Response:
    """The code, for the browser that has just sent it."""
    code = queries.code_of_feedback(session.get("feedback", 0))
    response = page("residents/feedback_received.html", code=code, qr=_qr("residents.follow_feedback", code))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/feedback/<code>")
@public
def follow_feedback(code: str) -> Response:
    """What was said, and the reply."""
    _count("look", _address(), LOOKS_OF_ADDRESS)
    response = page("residents/feedback_follow.html", row=queries.public_feedback(code))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/feedback/inbox")
@may(Permission.FEEDBACK_ANSWER)
def feedback_inbox() -> Response:
    """What was said about my places."""
    return _inbox()


def _inbox(
    status: int = 200, tried: tuple[int, AnswerForm] | None = None, contact: tuple[int, str] = (0, "")
) -> Response:
    cursor = request.args.get("cursor", "")
    found = queries.list_feedback(current_actor(), cursor)
    forms = {row.id: AnswerForm(formdata=None) for row in found.rows if row.answered_at is None}
    if tried:
        forms[tried[0]] = tried[1]
    return page(
        "residents/feedback_inbox.html",
        part="residents/_feedback_rows.html",
        status=status,
        rows=found,
        forms=forms,
        look=LookForm(formdata=None),
        contact=contact,
    )


@bp.post("/feedback/<int:feedback_id>/contact")
@may(Permission.FEEDBACK_ANSWER, record="feedback")
def feedback_contact(feedback_id: int) -> Response:
    """Show how to reach the sender; every look is on the record."""
    if not LookForm().validate_on_submit():
        return go(url_for("residents.feedback_inbox"), "没有打开，请再试一次。", "overdue")
    response = _inbox(contact=(feedback_id, service.reveal_contact(current_actor(), feedback_id)))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/feedback/<int:feedback_id>/answer")
@may(Permission.FEEDBACK_ANSWER, record="feedback")
def answer_feedback(feedback_id: int) -> Response:
    """Reply to one."""
    actor = current_actor()
    queries.feedback_for(actor, feedback_id)
    form = AnswerForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.answer_feedback(actor, feedback_id, answer=form.answer.data),
            lambda _: Done(url_for("residents.feedback_inbox"), "已答复，对方凭查询码可以看到。"),
        )
        if done:
            return go(done.url, done.message)
    return _inbox(422, (feedback_id, form))
