"""Which database the commands change that look after the API's: users, migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.settings import Settings


class DatabaseNotSet(GeocropError):
    """Run `geocrop-users` in the API's container, `geocrop migrate` in that of migrations: both know the address."""

    code: ClassVar[str] = "database-not-set"


def database_of(settings: Settings) -> str:
    """Return SQLAlchemy's address of the API's database; a file in the platform's home is one on a laptop only.

    Raises:
        DatabaseNotSet: in production no address is set, and a file would go with its container.

    """
    if settings.environment_kind == "production" and settings.database is None:
        raise DatabaseNotSet("GEOCROP_ENVIRONMENT is production, and GEOCROP_DATABASE is not set; nothing was changed")
    return settings.database_url
