"""Forms of property companies."""

from __future__ import annotations

from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from webapp.foundation import clock
from webapp.foundation.forms import DateField, Form
from webapp.networks.companies.service import NO_COMPANY
from webapp.networks.models import COVERAGE_NAMES


class CoverageForm(Form):
    """How the Party is present in a company."""

    coverage = RadioField(
        "党组织覆盖",
        choices=[SelectChoice(*pair) for pair in COVERAGE_NAMES.items()],
        validators=[InputRequired("请选择党组织覆盖情况。")],
    )


class CompanyForm(Form):
    """Which company serves a grid from a day on."""

    company_code = SelectField("物业企业", validators=[InputRequired("请选择物业企业。")])
    starts_on = DateField("从哪一天起", default=clock.today, validators=[InputRequired("请填写开始日期。")])

    def offer(self, companies: list[tuple[str, str]], *, none: bool) -> None:
        """What there is to choose from; ``none``: that nobody serves it any more, too."""
        last = [(NO_COMPANY, "不再有物业企业")] if none else []
        self.company_code.choices = [
            SelectChoice(*pair) for pair in [("", "请选择"), *companies, *last]
        ]  # fmt: skip
