from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from webapp.foundation import private
from webapp.foundation.private import (
    EncryptedText,
    Unreadable,
    keyed_hash,
    mask_name,
    mask_phone,
    normalise_phone,
    scrub,
    valid_phone,
)

OLD_KEY, NEW_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
HASH_KEY = "a key for hashes, of the tests alone"

people = sa.Table("people", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("name", EncryptedText))


@pytest.fixture(autouse=True)
def keyed() -> Iterator[Flask]:
    """An app with the keys of these tests."""
    app = Flask(__name__)
    private.init_app(app, [OLD_KEY], HASH_KEY)
    with app.app_context():
        yield app


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        people.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.mark.parametrize("name", ["张三丰", "𠮷野㐂", "阿迪力·买买提", "", None])
def test_what_is_stored_is_unreadable_and_comes_back_whole(
    connection: sa.Connection, name: str | None
) -> None:
    connection.execute(people.insert().values(name=name))
    stored = connection.exec_driver_sql("SELECT name FROM people").scalar_one()
    assert stored is None if name is None else stored != name
    assert not name or name not in stored
    assert connection.execute(sa.select(people.c.name)).scalar_one() == name


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote(
    connection: sa.Connection, keyed: Flask
) -> None:
    connection.execute(people.insert().values(name="张三"))
    private.init_app(keyed, [NEW_KEY, OLD_KEY], HASH_KEY)
    assert connection.execute(sa.select(people.c.name)).scalar_one() == "张三"
    private.init_app(keyed, [NEW_KEY], HASH_KEY)
    with pytest.raises(Unreadable):
        connection.execute(sa.select(people.c.name)).scalar_one()


def test_comparing_an_encrypted_column_is_refused_and_not_just_empty() -> None:
    with pytest.raises(TypeError, match="encrypted"):
        people.c.name == "张三"  # noqa: B015 - the comparison itself is what is refused
    with pytest.raises(TypeError, match="encrypted"):
        people.c.name.in_(["张三"])
    with pytest.raises(TypeError, match="encrypted"):
        people.c.name.like("张%")
    assert "IS NULL" in str(people.c.name.is_(None))


def test_equal_phones_have_equal_hashes_however_written() -> None:
    hashes = {
        keyed_hash(text)
        for text in ("13812345678", "138 1234 5678", "+86-138-1234-5678", "１３８１２３４５６７８")
    }
    assert len(hashes) == 1
    assert keyed_hash("张 三") == keyed_hash("张三") != keyed_hash("张四")


def test_two_apps_in_one_process_have_keys_of_their_own(connection: sa.Connection) -> None:
    connection.execute(people.insert().values(name="张三"))
    other = Flask(__name__)
    private.init_app(other, [NEW_KEY], HASH_KEY)
    with other.app_context(), pytest.raises(Unreadable):
        connection.execute(sa.select(people.c.name)).scalar_one()
    assert connection.execute(sa.select(people.c.name)).scalar_one() == "张三"


def test_a_hash_depends_on_the_key_and_hides_the_phone(keyed: Flask) -> None:
    before = keyed_hash("13812345678")
    assert len(before) == 64
    private.init_app(keyed, [OLD_KEY], HASH_KEY + "!")
    assert keyed_hash("13812345678") != before


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("138-1234-5678", "13812345678"),
        (" +86 138 1234 5678 ", "13812345678"),
        ("008613812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("0561-3012345", "05613012345"),
        ("(0561)3012345", "05613012345"),
        ("+86 0561 3012345", "05613012345"),
        ("010－88886666", "01088886666"),
        ("400-123-4567", "4001234567"),
    ],
)
def test_phones_are_stored_in_one_form(written: str, stored: str) -> None:
    assert normalise_phone(written) == stored
    assert valid_phone(written)


@pytest.mark.parametrize(
    "text", ["", "12812345678", "1381234567", "138123456789", "3012345", "0561-1012345", "张三"]
)
def test_what_is_no_phone(text: str) -> None:
    assert not valid_phone(text)


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+86 138 1234 5678", "138****5678"),
        ("0561-3012345", "0561-****345"),
        ("010-88886666", "010-****666"),
        ("400-123-4567", "****67"),
        ("110", "****"),
        ("", ""),
    ],
)
def test_masked_phones(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三丰", "张**"),
        ("张三", "张*"),
        ("张", "*"),
        ("", ""),
        ("欧阳修", "欧阳*"),
        ("欧阳", "欧*"),
        ("司马相如", "司马**"),
        ("阿迪力·买买提", "阿**·***"),
        ("迪丽热巴•迪力木拉提", "迪***·*****"),
        ("𠮷野㐂", "𠮷**"),
        ("㐂", "*"),
        ("葛\U000e0100城", "葛*"),
        ("Li Lei", "L* ***"),
        (" 张三 ", "张*"),
    ],
)
def test_masked_names(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@given(st.text(alphabet=st.characters(categories=["Lo"]), min_size=2, max_size=12))
def test_a_mask_shows_the_beginning_only(name: str) -> None:
    shown = mask_name(name).rstrip("*")
    assert name.startswith(shown)
    assert len(shown) <= 2
    assert len(shown) < len(name)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("请打13812345678联系", "请打138****5678联系"),
        ("电话１３８ １２３４ ５６７８。", "电话138****5678。"),
        ("电话138-1234-5678/0561-3012345", "电话138****5678/0561-****345"),
        ("+86 13812345678", "138****5678"),
        ("身份证34060319900101123X", "身份证***"),
        ("身份证340603 19900101 1234", "身份证***"),
        ("卡号6222021234567890123", "卡号***"),
        ("住3栋2单元501室", "住***"),
        ("住3号楼2单元501", "住***"),
        ("三栋二单元五零一室漏水", "***漏水"),
        ("3幢501漏水", "***漏水"),
        ("3栋2单元东户", "***"),
        ("2单元301的老人", "***的老人"),
        ("501室漏水", "***漏水"),
        ("A座1203室", "***"),
        ("3-2-501漏水", "***漏水"),
        ("3#楼2单元5楼501", "***"),
    ],
)
def test_free_text_loses_what_names_a_person_or_a_home(text: str, clean: str) -> None:
    assert scrub(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "3栋楼道灯不亮",
        "5号楼前积水",
        "共120户居民，3栋120户",
        "2026-11-23 第2611-0427号",
        "11月23日 14:30 到会议室",
        "三室一厅",
        "办公室",
        "3栋2026年改造",
        "花费13800元",
        "20261123",
        "在9楼开会",
    ],
)
def test_free_text_keeps_places_dates_and_counts(text: str) -> None:
    assert scrub(text) == text


PLAIN = st.text(alphabet="水电路灯，。坏了abc \n", max_size=20)


@given(PLAIN, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), PLAIN)
def test_no_mobile_number_survives(before: str, phone: str, after: str) -> None:
    assert phone not in scrub(f"{before}{phone}{after}")


@given(st.text(max_size=200))
def test_scrubbing_takes_any_text_and_twice_is_once(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once
