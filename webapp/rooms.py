"""Every room's pages. Importing a module of views adds its pages to the blueprint of its room;
importing listeners connects them to the rooms below.
"""

from __future__ import annotations

from flask import Flask

import webapp.accounts.views
import webapp.cases.export_views
import webapp.cases.settings.views
import webapp.cases.views
import webapp.directory.people.views
import webapp.directory.units.views
import webapp.directory.views
import webapp.imports.views
import webapp.inbox.views
import webapp.networks.bodies.views
import webapp.networks.companies.listeners
import webapp.networks.companies.views
import webapp.offline.views
import webapp.points.export_views
import webapp.points.ledger.listeners
import webapp.points.ledger.review_views
import webapp.points.ledger.views
import webapp.points.redemptions.desk_views
import webapp.points.redemptions.views
import webapp.points.rewards.views
import webapp.points.rules.views
import webapp.residents.export_views
import webapp.residents.views
import webapp.stations.listeners
import webapp.stations.views
import webapp.visits.desks.views
import webapp.visits.items.views
import webapp.visits.views
import webapp.volunteering.activities.views
import webapp.volunteering.day_views
import webapp.volunteering.export_views
import webapp.volunteering.hours.views
import webapp.volunteering.kinds.views
import webapp.volunteering.reports.views

# From the ground up.
BLUEPRINTS = (
    webapp.directory.bp,
    webapp.accounts.bp,
    webapp.networks.bp,
    webapp.stations.bp,
    webapp.cases.bp,
    webapp.visits.bp,
    webapp.volunteering.bp,
    webapp.points.bp,
    webapp.inbox.start,
    webapp.inbox.bp,
    webapp.residents.bp,
    webapp.offline.bp,
    webapp.imports.bp,
)


def register(app: Flask) -> None:
    """Register every blueprint on ``app``."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
