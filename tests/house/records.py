"""One record of each kind, and who may see it: written by hand from the rules, apart from the app's own code.

A view that loads a record says so: ``@may(Permission.CASE_READ, record="case")``. For each such kind stands here who
sees it at which place; ``making.py`` makes it there. A new kind fails the access test until it is entered. A view
without ``record`` that takes an argument counts as a kind under its endpoint's name ("accounts.end_login").

The places, seen from the slice of the world that the people without a number serve:

    own       in the building (where the kind lies no deeper than grids: in the grid) that the slice serves
    sibling   in another grid of the same community
    cousin    in a grid of another community of the same street
    far       in another street
    parent    at the community itself, above all grids
    street    at the street itself, above all communities
    district  at the district itself

A kind lies at some of them. Where a kind lies no deeper than a community, cousin and far mean that community. Further
matters, all in the own grid, which not everybody sees who sees the grid:

    report    a report (举报) against the company, written down by the grid's second worker
    reported  a report against the community, sent in by a resident
    hours     service hours that wait to be confirmed
    points    points that were proposed and wait to be reviewed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.house import making
from tests.house.making import Argument, Arguments
from tests.support.world import PEOPLE, World

PLACES = (
    "own", "sibling", "cousin", "far", "parent", "street", "district", "report", "reported", "hours", "points",
)  # fmt: skip

Sees = Mapping[str, frozenset[str]]


def table(text: str) -> Sees:
    """Who sees which places, one person a line; who has no line sees none."""
    rows = {}
    for line in text.strip().splitlines():
        person, *places = line.split()
        assert person in PEOPLE, person
        assert set(places) <= set(PLACES), line
        rows[person] = frozenset(places)
    return {person: rows.get(person, frozenset()) for person in PEOPLE}


# Design section 1: rights follow the place a person serves, "mine and all below".
MINE_AND_BELOW = table(
    """
    building_leader      own
    grid_worker          own
    grid_worker1b        own
    grid_worker2         sibling
    branch_secretary     own
    branch_secretary2    sibling
    community_staff      own sibling parent
    community_staff1b    own sibling parent
    community_staff2     cousin
    community_secretary  own sibling parent
    community_secretary2 cousin
    street_staff         own sibling cousin parent street
    street_staff1b       own sibling cousin parent street
    street_staff2        far
    district_admin       own sibling cousin far parent street district
    auditor              own sibling cousin parent street
    auditor2             far
    volunteer            own
    volunteer1b          own
    volunteer2           cousin
    """
)
# The same for what lies no deeper than a grid: a 楼栋长 serves a building and is not above it.
MINE_AND_BELOW_BY_GRID = {**MINE_AND_BELOW, "building_leader": frozenset()}
# One's own things: the record belongs to the person named.
GRID_WORKERS_OWN = table("grid_worker own")
VOLUNTEERS_OWN = table(
    """
    volunteer    own
    volunteer1b  sibling
    volunteer2   cousin
    """
)
# For ``acts``: whoever sees it may be refused with a reason; the room's own tests say who is.
IT_DEPENDS: Sees = {}


@dataclass(frozen=True)
class Kind:
    """How to make a record and what is expected of those who come to it.

    ``load(world, place)`` makes one, as all functions of ``making.py``. ``acts`` says who may use an endpoint (or change
    it by any view under a permission), where that is not everybody who sees it.
    """

    load: Callable[[World, str], Arguments]
    sees: Sees = field(default_factory=lambda: MINE_AND_BELOW)
    acts: Mapping[str, Sees] = field(default_factory=dict)


# The slice's community and all above it; its second people, too.
COMMUNITY = ("community_staff", "community_staff1b", "community_secretary")
COMMUNITY2 = ("community_staff2", "community_secretary2")
STREET = ("street_staff", "street_staff1b")


def seen(**people: Sequence[str]) -> Sees:
    """The same as ``table`` the other way round: for each place who sees it."""
    return {
        person: frozenset(place for place, those in people.items() if person in those) for person in PEOPLE
    }


def but(sees: Sees, **people: Sequence[str]) -> Sees:
    """``sees`` without these people at these places."""
    return {
        person: places - {place for place, those in people.items() if person in those}
        for person, places in sees.items()
    }


# A station of a unit above mine is mine to know, too: that is where I send people.
STATIONS = table(
    """
    building_leader      own parent
    building_leader2     parent
    grid_worker          own parent
    grid_worker1b        own parent
    grid_worker2         sibling parent
    branch_secretary     own parent
    branch_secretary2    sibling parent
    community_staff      own sibling parent
    community_staff1b    own sibling parent
    community_staff2     cousin
    community_secretary  own sibling parent
    community_secretary2 cousin
    street_staff         own sibling cousin parent
    street_staff1b       own sibling cousin parent
    street_staff2        far
    district_admin       own sibling cousin far parent
    auditor              own sibling cousin parent
    auditor2             far
    """
)
# Design section 5: the timetable is the scope's; and whoever sits at a desk elsewhere needs its page.
DESKS = {**MINE_AND_BELOW_BY_GRID, "grid_worker": frozenset({"own", "sibling"})}
# Design section 1 and 4: scope; a handler what was assigned to it. A report is for those who keep reports and for who
# wrote it down; the side reported, and whoever serves below it, never learns of it.
CASES = table(
    """
    building_leader      own
    grid_worker          own
    grid_worker1b        own report
    grid_worker2         sibling
    branch_secretary     own
    branch_secretary2    sibling
    community_staff      own sibling parent
    community_staff1b    own sibling parent
    community_staff2     cousin
    community_secretary  own sibling parent report
    community_secretary2 cousin
    street_staff         own sibling cousin parent report reported
    street_staff1b       own sibling cousin parent report reported
    street_staff2        far
    auditor              own sibling cousin parent
    auditor2             far
    handler              own
    handler1b            own
    """
)
# Who may know the reporter (domain rules 6.3): the owner; community and above, who call back; the handler it went to.
IDENTITIES = table(
    """
    grid_worker          own
    grid_worker1b        own
    grid_worker2         sibling
    branch_secretary     own
    branch_secretary2    sibling
    community_staff      own sibling parent
    community_staff1b    own sibling parent
    community_staff2     cousin
    community_secretary  own sibling parent report
    community_secretary2 cousin
    street_staff         own sibling cousin parent report reported
    street_staff1b       own sibling cousin parent report reported
    street_staff2        far
    handler              own
    handler1b            own
    """
)
# Volunteers see all that their community does; who serves a grid or a building sees the grid's and the community's.
ACTIVITIES = table(
    """
    building_leader      own parent
    building_leader2     own parent
    grid_worker          own parent
    grid_worker1b        own parent
    grid_worker2         sibling parent
    branch_secretary     own parent
    branch_secretary2    sibling parent
    community_staff      own sibling parent
    community_staff1b    own sibling parent
    community_staff2     cousin
    community_secretary  own sibling parent
    community_secretary2 cousin
    street_staff         own sibling cousin parent
    street_staff1b       own sibling cousin parent
    street_staff2        far
    district_admin       own sibling cousin far parent
    auditor              own sibling cousin parent
    auditor2             far
    volunteer            own sibling parent
    volunteer1b          own sibling parent
    volunteer2           cousin
    """
)
# Hours are a volunteer's own, and for those in whose scope the activity was.
ATTENDANCES = {
    **MINE_AND_BELOW_BY_GRID,
    "volunteer": frozenset({"own"}),
    "volunteer1b": frozenset({"sibling", "parent"}),
    "volunteer2": frozenset({"cousin"}),
}
# Design section 6: what a community offers is for its people, what a unit above offers for all below.
BELOW_COMMUNITY = (
    "building_leader", "building_leader2", "grid_worker", "grid_worker1b", "grid_worker2", "branch_secretary",
    "branch_secretary2", "volunteer", "volunteer1b", "committee_member",
)  # fmt: skip
BELOW_COMMUNITY2 = ("volunteer2", "committee_member2")
REWARDS = seen(
    parent=BELOW_COMMUNITY, cousin=BELOW_COMMUNITY2, street=BELOW_COMMUNITY + BELOW_COMMUNITY2,
    district=BELOW_COMMUNITY + BELOW_COMMUNITY2,
)  # fmt: skip
IN_SERVICE = ("volunteer", "volunteer1b", "volunteer2")  # 在职党员 keep hours, not goods
NO_MEMBERS = ("building_leader", "building_leader2", "grid_worker1b", "grid_worker2", "branch_secretary2")
NEVER_REDEEM = (*IN_SERVICE, *NO_MEMBERS)
# A clerk hands out where the reward is collected: in the clerk's unit, above it or below it.
CLERKS = seen(
    own=("grid_worker", "grid_worker1b", *COMMUNITY), sibling=("grid_worker2", *COMMUNITY), cousin=COMMUNITY2,
    parent=("grid_worker", "grid_worker1b", "grid_worker2", *COMMUNITY),
)  # fmt: skip
# Of the communities' and streets' own matters.
MINE_AND_BELOW_BY_COMMUNITY = seen(
    parent=(*COMMUNITY, *STREET, "district_admin"), cousin=(*COMMUNITY2, *STREET, "district_admin"),
    far=("street_staff2", "district_admin"), street=(*STREET, "district_admin"), district=("district_admin",),
)  # fmt: skip
# Design section 4: the next level decides on what is asked of it, and nobody else.
ASKS = seen(
    own=COMMUNITY, sibling=COMMUNITY, cousin=COMMUNITY2, parent=STREET,
    hours=("grid_worker", "grid_worker1b", "branch_secretary", *COMMUNITY, *STREET), points=(*COMMUNITY, *STREET),
)  # fmt: skip
VISITS_UNDONE = seen(own=("grid_worker",), sibling=("grid_worker2",), parent=("community_staff",))

KINDS: dict[str, Kind] = {
    "unit": Kind(making.unit),
    "station": Kind(making.station, STATIONS),
    "person": Kind(making.person),
    "appointment": Kind(making.appointment),
    "committee": Kind(making.committee),
    "seat": Kind(making.seat),
    "accounts.end_login": Kind(making.login, GRID_WORKERS_OWN),
    "visit": Kind(making.visit, acts={"visits.undo": VISITS_UNDONE}),
    "desk_session": Kind(making.desk_session, DESKS, acts={"desk:plan": MINE_AND_BELOW_BY_GRID}),
    "case": Kind(making.case, CASES, acts={"cases.identity": IDENTITIES, "cases.act": IT_DEPENDS}),
    "case_photo": Kind(making.case, CASES),
    "residents.follow": Kind(making.tracking_code),
    "residents.report": Kind(making.station),
    "residents.send_report": Kind(making.station),
    "residents.follow_feedback": Kind(making.feedback_code),
    "feedback": Kind(making.feedback, MINE_AND_BELOW_BY_COMMUNITY),
    "activity": Kind(
        making.activity,
        ACTIVITIES,
        acts=dict.fromkeys(
            ("activity:organise", "volunteering.edit", "volunteering.desk", "volunteering.poster"),
            MINE_AND_BELOW_BY_GRID,
        ),
    ),
    "volunteering.check_in": Kind(making.poster, ACTIVITIES),
    "volunteering.verify": Kind(making.issued),
    "attendance": Kind(making.attendance, ATTENDANCES),
    "statement": Kind(making.statement, VOLUNTEERS_OWN),
    "party_report": Kind(making.party_report, VOLUNTEERS_OWN),
    "point_entry": Kind(making.point_entry),
    "point_entry_own": Kind(
        making.point_entry_own,
        seen(own=["grid_worker"], sibling=["branch_secretary"], cousin=["committee_member2"]),
    ),
    "point_rule": Kind(making.point_rule),
    "reward": Kind(
        making.reward,
        REWARDS,
        acts={
            "points.redeem": but(
                REWARDS, **dict.fromkeys(("parent", "cousin", "street", "district"), NEVER_REDEEM)
            )
        },
    ),
    "reward_managed": Kind(making.reward, MINE_AND_BELOW_BY_COMMUNITY),
    "redemption": Kind(making.redemption, seen(own=["committee_member"], cousin=["committee_member2"])),
    "redemption_clerk": Kind(making.redemption_clerk, CLERKS),
    "ask": Kind(making.ask, ASKS),
    "quarantine": Kind(making.quarantine),
    "term_rule": Kind(making.term_rule),
    "service_item": Kind(making.service_item),
    "check_in_kind": Kind(making.check_in_kind),
    # A file that waits is its sender's own, whatever the scope of others.
    "import_upload": Kind(
        making.import_upload,
        seen(parent=["community_staff"], cousin=["community_staff2"], district=["district_admin"]),
    ),
}

# Arguments of an address that name no record, with the values to try; under the argument's name, or under
# "endpoint.argument" where the name means something else elsewhere.
CHOICES: dict[str, Sequence[Argument]] = {
    "action": ("accept", "escalate"),  # of a case
    "residents.act.action": ("verdict", "withdraw", "supervise", "reopen"),
    "points.answer.verb": ("approve", "reject", "reverse", "object", "uphold", "dismiss"),
}
# What stands after the question mark where a page can't do without, by endpoint.
QUERIES: dict[str, Mapping[str, str]] = {"offline.status": {"device": "7b0f4e6a-1111-4a4a-9c9c-000000000003"}}
# What a form says where the view would not look at its record otherwise, by endpoint.
BODIES: dict[str, Mapping[str, str]] = {"inbox.decide": {"decision": "back", "reason": "请补充说明。"}}
