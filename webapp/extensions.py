"""The one instance of each Flask extension."""

from __future__ import annotations

from flask_compress import Compress
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.foundation.db import Base

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "autoflush": True})
login_manager = LoginManager()
csrf = CSRFProtect()
compress = Compress()
