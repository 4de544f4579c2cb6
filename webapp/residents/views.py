"""The pages without a login: report, follow, judge, complain; and the privacy notice."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Response, current_app, g, request, session, url_for
from markupsafe import Markup

from webapp import config
from webapp.cases import display, options
from webapp.cases.categories import categories
from webapp.cases.models import Case
from webapp.cases.public import public_view
from webapp.cases.service import intake, review
from webapp.directory.posts import Permission
from webapp.foundation import codes, limits
from webapp.foundation.access import current_actor, may, public
from webapp.foundation.addresses import public_url
from webapp.foundation.errors import Conflict, NotFound, Refused
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import go, no_store, page
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done
from webapp.residents import bp, queries, service, words
from webapp.residents.forms import (
    CODE_FORMS,
    PHRASES,
    WHOLE_DISTRICT,
    AnswerForm,
    CodeForm,
    FeedbackForm,
    ReportForm,
)

# Tries allowed in so many minutes. Generous: a whole estate may stand behind one address of a mobile network.
REPORTS_OF_ADDRESS = (20, 60)
REPORTS_OF_STATION = (120, 60)
LOOKS_OF_ADDRESS = (120, 10)
VERBS: dict[str, Callable[..., Case]] = {
    "verdict": review.record_verdict_by_code,
    "withdraw": review.withdraw_by_code,
    "supervise": review.supervise_by_code,
    "reopen": review.reopen_by_code,
}


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
    return qr_svg(public_url(endpoint, code=code))


# Reporting


def _report_form(code: str) -> ReportForm:
    if request.method == "POST":
        _count("report", _address(), REPORTS_OF_ADDRESS)
        _count("report-station", code, REPORTS_OF_STATION)
    form = ReportForm()
    form.category.choices = {row.key: row.name for row in categories()}
    return form


def _report_page(code: str, form: ReportForm, status: int) -> Response:
    station = options.station_for(code)
    return page("residents/report.html", status=status, form=form, station=station, code=code)


@bp.route("/r/<code>", methods=["GET", "POST"])
@public
@once(_report_form, again=_report_page)
def report(form: ReportForm, code: str) -> Done:
    """What a resident sees after scanning a station's code; the answer to a report shows the tracking code."""
    registered = intake.register_by_resident(code, **form.inputs())
    # The receipt keeps the number; the code is a secret and is looked up again.
    return Done(url_for("residents.received"), remember={"reported": registered.number})


@bp.get("/r/received")
@public
def received() -> Response:
    """The tracking code, for the browser that has just reported."""
    number = session.get("reported", "")
    code = queries.code_of_case(number)
    qr = _qr("residents.follow", code)
    return no_store(page("residents/received.html", number=number, code=code, qr=qr))


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


def _case(code: str, action: str = "", tried: CodeForm | None = None, status: int = 200) -> Response:
    try:
        case = public_view(code)
    except NotFound:
        return page("residents/ask_code.html", status=404, message=queries.NOT_FOUND)
    forms = {name: form(formdata=None, code=code) for name, form in CODE_FORMS.items()}
    if tried:
        forms[action] = tried
    return no_store(
        page(
            "residents/follow.html",
            part="residents/_follow.html",
            status=status,
            case=case,
            forms=forms,
            words=words,
            phrases=PHRASES,
            kinds=display.STATE_KINDS,
            rail=display.rail(case.state, case.stage),
        )
    )


def _code_form(action: str) -> CodeForm:
    if action not in CODE_FORMS:
        raise NotFound
    _count("look", _address(), LOOKS_OF_ADDRESS)
    return CODE_FORMS[action]()


def _tried(action: str, form: CodeForm, status: int) -> Response:
    return _case(form.code.data or "", action, form, status)


def _acted(done: Done, action: str) -> Response:
    # The receipt does not keep the code.
    return go(url_for("residents.follow", code=request.form["code"]), done.message)


@bp.post("/t/do/<action>")
@public
@once(_code_form, again=_tried, then=_acted)
def act(form: CodeForm, action: str) -> Done:
    """What the reporter does with the code: judge, take back, urge, ask for more."""
    try:
        VERBS[action](form.code.data or "", **form.inputs())
    except Refused as error:
        raise Conflict(error.message) from None  # shown above the case as it stands
    return Done(url_for("residents.ask_code"), words.SAID[action])


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


def _feedback_form() -> FeedbackForm:
    if request.method == "POST":
        _count("feedback", _address(), REPORTS_OF_ADDRESS)
    came_from = urlsplit(request.referrer or "").path
    form = FeedbackForm(path=came_from.lstrip("/").partition("/")[0])
    form.unit_id.choices = {WHOLE_DISTRICT: "全区，或说不清", **dict(queries.feedback_places())}
    return form


def _feedback_page(form: FeedbackForm, status: int) -> Response:
    answers = g.actor is not None and g.actor.can(Permission.FEEDBACK_ANSWER)
    return page("residents/feedback.html", status=status, form=form, answers=answers)


@bp.route("/feedback", methods=["GET", "POST"])
@public
@once(_feedback_form, again=_feedback_page)
def feedback(form: FeedbackForm) -> Done:
    """投诉建议: say what is wrong with the product or its use; the answer shows the code to follow it with."""
    row = service.send_feedback(g.actor, **form.inputs())
    return Done(url_for("residents.feedback_received"), remember={"feedback": row.id})


@bp.get("/feedback/received")
@public
def feedback_received() -> Response:
    """The code, for the browser that has just sent it."""
    code = queries.code_of_feedback(session.get("feedback", 0))
    qr = _qr("residents.follow_feedback", code)
    return no_store(page("residents/feedback_received.html", code=code, qr=qr))


@bp.get("/feedback/<code>")
@public
def follow_feedback(code: str) -> Response:
    """What was said, and the reply."""
    _count("look", _address(), LOOKS_OF_ADDRESS)
    return no_store(page("residents/feedback_follow.html", row=queries.public_feedback(code)))


@bp.get("/feedback/inbox")
@may(Permission.FEEDBACK_ANSWER)
def feedback_inbox() -> Response:
    """What was said about my places."""
    return _inbox()


def _inbox(
    feedback_id: int = 0, form: AnswerForm | None = None, status: int = 200, contact: str = ""
) -> Response:
    """The list; one of its rows with the form that was refused, or with its sender's contact."""
    found = queries.list_feedback(current_actor(), request.args.get("cursor", ""))
    forms = {row.id: AnswerForm(formdata=None) for row in found.rows if row.answered_at is None}
    if form:
        forms[feedback_id] = form
    return page(
        "residents/feedback_inbox.html",
        part="residents/_feedback_rows.html",
        status=status,
        rows=found,
        forms=forms,
        look=ButtonForm(formdata=None),
        contact=(feedback_id if contact else 0, contact),
    )


@bp.post("/feedback/<int:feedback_id>/contact")
@may(Permission.FEEDBACK_ANSWER, record="feedback")
def feedback_contact(feedback_id: int) -> Response:
    """Show how to reach the sender; every look is on the record."""
    if not ButtonForm().validate_on_submit():
        return go(url_for("residents.feedback_inbox"), "没有打开，请再试一次。", "overdue")
    return no_store(_inbox(feedback_id, contact=service.reveal_contact(current_actor(), feedback_id)))


def _answer_form(feedback_id: int) -> AnswerForm:
    queries.feedback_for(current_actor(), feedback_id)
    return AnswerForm()


@bp.post("/feedback/<int:feedback_id>/answer")
@may(Permission.FEEDBACK_ANSWER, record="feedback")
@once(_answer_form, again=_inbox)
def answer_feedback(form: AnswerForm, feedback_id: int) -> Done:
    """Reply to one."""
    service.answer_feedback(current_actor(), feedback_id, answer=form.answer.data)
    return Done(url_for("residents.feedback_inbox"), "已答复，对方凭查询码可以看到。")
