"""Forms of imports."""

from __future__ import annotations

import uuid

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from webapp.foundation.access import Actor, current_actor
from webapp.foundation.errors import Invalid, NotFound
from webapp.foundation.forms import Form
from webapp.foundation.sheet_reader import Sheet
from webapp.imports import service
from webapp.imports.kinds import Kind
from webapp.imports.models import KIND_NAMES
from webapp.imports.registry import open_to
from webapp.imports.trial import shown

SAMPLES = 3  # cells shown of a column
COLUMN = "column_"


class UploadForm(Form):
    """Which ledger, from where, and the file."""

    kind = RadioField("导入什么", validators=[InputRequired("请选择导入哪一种台账。")])
    source = StringField(
        "原系统名称", validators=[InputRequired("请填写原系统名称。"), Length(max=40, message="最多40个字。")]
    )
    file = FileField("文件", validators=[FileRequired("请选择文件。")])

    def offer(self, actor: Actor) -> UploadForm:
        """Offer the kinds that the actor may bring in; the only one is chosen already."""
        kinds = open_to(actor)
        self.kind.choices = [SelectChoice(kind.key.value, KIND_NAMES[kind.key]) for kind in kinds]
        if len(kinds) == 1 and not self.kind.data:
            self.kind.data = kinds[0].key.value
        return self


class ConfirmForm(Form):
    """Whether rows that are wrong are left out."""

    leave_out = BooleanField("先不导入有问题的行")

    upload_id: uuid.UUID | None = None

    def validate_leave_out(self, field: BooleanField) -> None:
        """Try the file: here and not in the view, whose transaction keeps other writers waiting."""
        if self.upload_id is None:
            return
        try:
            service.check_can_bring_in(current_actor(), self.upload_id, leave_out_wrong=field.data)
        except NotFound:  # brought in already, as the receipt will show, or gone: then the view says so
            return
        except Invalid as error:
            raise ValidationError(error.message) from error

    @classmethod
    def about(cls, upload_id: uuid.UUID) -> ConfirmForm:
        """The form for one file."""
        form = cls()
        form.upload_id = upload_id
        return form


class ColumnsForm(Form):
    """One select for each column; made for each file by ``columns_form``."""

    hints: dict[str, str] = {}

    def mapping(self) -> dict[str, int]:
        """Field → column, of what was chosen."""
        return {field.data: int(name.removeprefix(COLUMN)) for name, field in self._columns() if field.data}

    def _columns(self) -> list[tuple[str, SelectField]]:
        return [(name, field) for name, field in self._fields.items() if name.startswith(COLUMN)]

    def validate(self, extra_validators: object = None) -> bool:
        """A field may be chosen for one column only."""
        valid = super().validate(extra_validators)
        taken: dict[str, str] = {}
        for _, field in self._columns():
            if field.data in taken:
                field.errors = [f"“{taken[field.data]}”那一列也选了这一项，请改一个。"]
                valid = False
            elif field.data:
                taken[field.data] = field.label.text
        return valid


def columns_form(kind: Kind, sheet: Sheet, mapping: dict[str, int]) -> ColumnsForm:
    """The form for a file's columns, with what was guessed or chosen before; a few cells of each stand beside it."""
    choices = [SelectChoice("", "不导入")]
    choices += [
        SelectChoice(field.name, f"{field.label}{'（必有）' if field.required else ''}")
        for field in kind.all_fields
    ]
    chosen = {column: name for name, column in mapping.items()}
    made: type[ColumnsForm] = type("FileColumnsForm", (ColumnsForm,), {"hints": _samples(sheet)})
    for number, name in enumerate(sheet.header):
        field = SelectField(name, choices=choices, default=chosen.get(number, ""))
        setattr(made, f"{COLUMN}{number}", field)
    form = made()
    for name in made.hints:
        form[name].flags.required = True  # not to be called optional: "不导入" is an answer
    return form


def _samples(sheet: Sheet) -> dict[str, str]:
    """A few cells of each column, phones masked."""
    hints = {}
    for number in range(len(sheet.header)):
        cells = [shown(row.cells[number]) for row in sheet.rows[:50] if row.cells[number] != ""]
        different = list(dict.fromkeys(cells))[:SAMPLES]
        hints[f"{COLUMN}{number}"] = f"例如：{'、'.join(different)}" if cells else "前面几行没有内容"
    return hints
