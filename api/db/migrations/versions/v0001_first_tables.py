"""First tables: users, AOIs, jobs, predictions, events, the audit log, schedules and watches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INDEXES = {
    "login_attempts": [["account", "at"], ["address", "at"]],
    "aoi_owners": [["user_id"]],
    "jobs": [["kind", "partition"], ["state"], ["run_id"], ["created_at"]],
    "predictions": [["user_id", "created_at"], ["job_id"], ["aoi_id"]],
    "events": [["topic", "id"]],
    "audit": [["at"]],
}
#: A table comes after those it refers to.
TABLES = (
    "users",
    "login_attempts",
    "aois",
    "aoi_owners",
    "jobs",
    "predictions",
    "events",
    "audit",
    "training_schedules",
    "model_watches",
    "cursors",
)


def upgrade() -> None:
    """Make all tables."""
    _make_users()
    _make_aois()
    _make_jobs()
    _make_predictions()
    _make_logs()
    _make_clock()
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    """Drop all tables, with their indexes."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(256), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("job_limit", sa.Integer()),
        sa.Column("jobs_started", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("tokens_valid_after", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempts"),
    )


def _make_aois() -> None:
    op.create_table(
        "aois",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("geometry", sa.JSON(), nullable=False),
        sa.Column("area_ha", sa.Double(), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_aois"),
    )
    op.create_table(
        "aoi_owners",
        sa.Column("aoi_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("aoi_id", "user_id", name="pk_aoi_owners"),
        sa.ForeignKeyConstraint(["aoi_id"], ["aois.id"], name="fk_aoi_owners_aoi_id_aois"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_aoi_owners_user_id_users"),
    )


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("partition", sa.String(255)),
        sa.Column("active_key", sa.String(255)),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer()),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("step", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("run_id", sa.String(64)),
        sa.Column("user_id", sa.Integer()),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("launch_tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("active_key", name="uq_jobs_active_key"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_jobs_user_id_users"),
    )


def _make_predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("aoi_id", sa.String(32), nullable=False),
        sa.Column("season", sa.String(32), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sa.UniqueConstraint("user_id", "job_id", name="uq_predictions_user_id_job_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_predictions_user_id_users"),
        sa.ForeignKeyConstraint(["aoi_id"], ["aois.id"], name="fk_predictions_aoi_id_aois"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_predictions_job_id_jobs"),
    )


def _make_logs() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("key", sa.String(128)),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("key", name="uq_events_key"),
        sqlite_autoincrement=True,  # an id is never used twice: a stream resumes after one
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )


def _make_clock() -> None:
    op.create_table(
        "training_schedules",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("dataset_version", sa.String(128), nullable=False),
        sa.Column("model_variant", sa.String(16), nullable=False),
        sa.Column("minutes", sa.Integer()),
        sa.Column("cron", sa.String(120)),
        sa.Column("hyperparameters", sa.JSON(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("last_job_id", sa.String(32)),
        sa.Column("last_problem", sa.Text()),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_training_schedules"),
    )
    op.create_table(
        "model_watches",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("last_told_version", sa.Integer()),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_watches"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
