"""Statements are compiled once in a process, not for readers, the writer and every file that is opened.

SQLAlchemy keeps what it compiled (2 to 5 ms a statement) by the dialect it is for, and each engine has a dialect of its
own. Here all count as one, and all engines share what is kept. What a statement was asked with is not kept with it.
"""

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import CompiledCacheType
from sqlalchemy.util import LRUCache

URL = "sqlite+same://"
"""For `create_engine`."""
COMPILED: CompiledCacheType = LRUCache(1000)


class SameDialect(SQLiteDialect_pysqlite):
    """SQLite's, equal to any other of its kind."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.same", __name__, SameDialect.__name__)


def share_compiled(engine: Engine) -> Engine:
    """`engine`, of `URL`, uses what others compiled."""
    engine.update_execution_options(compiled_cache=COMPILED)
    return engine
