"""Which post holds which permission: the one table.

Rights come from appointments in force today and from nothing else. Code asks for permissions, never for posts.
"""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """Kinds of unit, from the top; companies and departments stand beside the ladder, under the district."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING = "building"
    COMPANY = "company"
    DEPARTMENT = "department"


LEVEL_NAMES = {
    Level.DISTRICT: "区",
    Level.STREET: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
    Level.BUILDING: "楼栋",
    Level.COMPANY: "物业企业",
    Level.DEPARTMENT: "部门",
}
LADDER = (Level.BUILDING, Level.GRID, Level.COMMUNITY, Level.STREET)
# What may be set up below a unit.
LEVELS_BELOW: dict[Level, tuple[Level, ...]] = {
    Level.DISTRICT: (Level.STREET, Level.COMPANY, Level.DEPARTMENT),
    Level.STREET: (Level.COMMUNITY,),
    Level.COMMUNITY: (Level.GRID,),
    Level.GRID: (Level.BUILDING,),
    Level.BUILDING: (),
    Level.COMPANY: (),
    Level.DEPARTMENT: (),
}


class Post(StrEnum):
    """What a person serves as."""

    BUILDING_LEADER = "building_leader"
    GRID_WORKER = "grid_worker"
    BRANCH_SECRETARY = "branch_secretary"
    COMMUNITY_STAFF = "community_staff"
    COMMUNITY_SECRETARY = "community_secretary"
    STREET_STAFF = "street_staff"
    DISTRICT_ADMIN = "district_admin"
    AUDITOR = "auditor"
    HANDLER = "handler"
    VOLUNTEER = "volunteer"
    COMMITTEE_MEMBER = "committee_member"


POST_NAMES = {
    Post.BUILDING_LEADER: "楼栋长",
    Post.GRID_WORKER: "网格员",
    Post.BRANCH_SECRETARY: "网格党支部书记",
    Post.COMMUNITY_STAFF: "社区工作者",
    Post.COMMUNITY_SECRETARY: "社区党组织书记",
    Post.STREET_STAFF: "街道工作人员",
    Post.DISTRICT_ADMIN: "区级管理员",
    Post.AUDITOR: "监督人员",
    Post.HANDLER: "承办人",
    Post.VOLUNTEER: "三报到党员",
    Post.COMMITTEE_MEMBER: "业委会（物管会）成员",
}
# Whose phone belongs to the work (a 网格员's is public by rule) and is no private one.
WORK_POSTS = frozenset(Post) - {Post.VOLUNTEER, Post.COMMITTEE_MEMBER}
# The level of unit that a post serves; empty: any.
POST_LEVELS: dict[Post, tuple[Level, ...]] = {
    Post.BUILDING_LEADER: (Level.BUILDING,),
    Post.GRID_WORKER: (Level.GRID,),
    Post.BRANCH_SECRETARY: (Level.GRID,),
    Post.COMMUNITY_STAFF: (Level.COMMUNITY,),
    Post.COMMUNITY_SECRETARY: (Level.COMMUNITY,),
    Post.STREET_STAFF: (Level.STREET,),
    Post.DISTRICT_ADMIN: (Level.DISTRICT,),
    Post.AUDITOR: (),
    Post.HANDLER: (Level.COMPANY, Level.DEPARTMENT),
    Post.VOLUNTEER: (Level.GRID,),
    Post.COMMITTEE_MEMBER: (Level.GRID,),
}


class Permission(StrEnum):
    """What one may do, within the scope of one's post. NOUN_VERB."""

    DIRECTORY_READ = "directory:read"
    DIRECTORY_MANAGE = "directory:manage"
    IMPORT_RUN = "import:run"  # bring in ledgers that were kept elsewhere
    SETTINGS_MANAGE = "settings:manage"  # the district's rules: terms, working days, points, kinds, items
    VISIT_READ = "visit:read"
    VISIT_LOG = "visit:log"
    DESK_PLAN = "desk:plan"
    CASE_READ = "case:read"
    CASE_REGISTER = "case:register"
    CASE_OWN = (
        "case:own"  # act for the unit that owns the case: convene, assign, check, settle, extend, merge
    )
    CASE_HANDLE = "case:handle"  # act for the unit that a case was assigned to
    CASE_ARCHIVE = "case:archive"  # community or above: archive, suspend, call back, confirm a decline
    CASE_DECIDE = "case:decide"  # decide what the level below asks for: escalations, declines
    CASE_REPORTS = "case:reports"  # see reports against a person or a unit (举报), which nobody else is shown
    REPORT_OWN = "report:own"  # report to a grid (三报到), sign up, one's own hours
    ACTIVITY_READ = "activity:read"
    ACTIVITY_ORGANISE = "activity:organise"
    HOURS_CONFIRM = "hours:confirm"
    POINTS_OWN = "points:own"  # one's own account, the shop, redeem
    POINTS_PROPOSE = "points:propose"
    POINTS_REVIEW = "points:review"
    REWARD_MANAGE = "reward:manage"  # catalogue and stock
    REWARD_HAND_OUT = "reward:hand_out"
    INBOX_READ = "inbox:read"
    JOURNAL_READ = "journal:read"
    FEEDBACK_ANSWER = "feedback:answer"  # 投诉建议 about the product and its use


P = Permission
_SERVES_A_GRID = {
    P.DIRECTORY_READ,
    P.VISIT_READ,
    P.VISIT_LOG,
    P.CASE_READ,
    P.CASE_REGISTER,
    P.CASE_OWN,
    P.ACTIVITY_READ,
    P.INBOX_READ,
}
_SERVES_A_COMMUNITY = _SERVES_A_GRID | {
    P.IMPORT_RUN,
    P.DESK_PLAN,
    P.CASE_ARCHIVE,
    P.CASE_DECIDE,
    P.ACTIVITY_ORGANISE,
    P.HOURS_CONFIRM,
    P.POINTS_PROPOSE,
    P.POINTS_REVIEW,
    P.REWARD_MANAGE,
    P.REWARD_HAND_OUT,
    P.FEEDBACK_ANSWER,
}
GRANTS: dict[Post, frozenset[Permission]] = {
    Post.BUILDING_LEADER: frozenset(_SERVES_A_GRID | {P.POINTS_OWN}),
    Post.GRID_WORKER: frozenset(
        _SERVES_A_GRID | {P.DESK_PLAN, P.ACTIVITY_ORGANISE, P.POINTS_PROPOSE, P.REWARD_HAND_OUT, P.POINTS_OWN}
    ),
    Post.BRANCH_SECRETARY: frozenset(
        _SERVES_A_GRID | {P.DESK_PLAN, P.ACTIVITY_ORGANISE, P.POINTS_PROPOSE, P.POINTS_OWN}
    ),
    Post.COMMUNITY_STAFF: frozenset(_SERVES_A_COMMUNITY),
    Post.COMMUNITY_SECRETARY: frozenset(_SERVES_A_COMMUNITY | {P.CASE_REPORTS}),
    Post.STREET_STAFF: frozenset(
        {
            P.DIRECTORY_READ,
            P.VISIT_READ,
            P.CASE_READ,
            P.CASE_REGISTER,
            P.CASE_OWN,
            P.CASE_ARCHIVE,
            P.CASE_DECIDE,
            P.CASE_REPORTS,
            P.ACTIVITY_READ,
            P.ACTIVITY_ORGANISE,
            P.HOURS_CONFIRM,
            P.INBOX_READ,
            P.REWARD_MANAGE,
            P.POINTS_REVIEW,
            P.FEEDBACK_ANSWER,
        }
    ),
    Post.DISTRICT_ADMIN: frozenset(
        {
            P.DIRECTORY_READ,
            P.DIRECTORY_MANAGE,
            P.IMPORT_RUN,
            P.SETTINGS_MANAGE,
            P.JOURNAL_READ,
            P.REWARD_MANAGE,
            P.ACTIVITY_READ,
            P.FEEDBACK_ANSWER,
        }
    ),
    Post.AUDITOR: frozenset({P.DIRECTORY_READ, P.VISIT_READ, P.CASE_READ, P.ACTIVITY_READ, P.JOURNAL_READ}),
    # A handler has no territory: what it reads is what was assigned to it.
    Post.HANDLER: frozenset({P.CASE_READ, P.CASE_HANDLE}),
    Post.VOLUNTEER: frozenset({P.REPORT_OWN, P.ACTIVITY_READ, P.POINTS_OWN}),
    Post.COMMITTEE_MEMBER: frozenset({P.POINTS_OWN}),
}
