"""What the page asks for goes to the service where one listens, and is done by a process of its own where none does."""

import json
import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import select
from support.page import add_people

from voicemark.actions.acts import ActError, Ignore, Name
from voicemark.actions.perform import Done
from voicemark.config import Config
from voicemark.control.place import listen, socket_of
from voicemark.control.wire import WireError
from voicemark.store.database import Database
from voicemark.store.schema import VoiceRow
from voicemark.web.acting import submit


def test_without_a_service_a_process_of_its_own_does_it(config: Config, database: Database) -> None:
    add_people(database)
    did = submit(config, Name(person=3, name="Carla"))
    assert did.act_id == 1 and "Carla" in did.message
    with database.reading() as session:
        assert "Carla" in session.scalars(select(VoiceRow.name)).all()
    with pytest.raises(ActError, match="has a name"):
        submit(config, Ignore(person=3))


def answered(config: Config, answer: bytes) -> tuple[Done, bytes]:
    """What the page makes of a service's answer, and what it had asked."""
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        listener.setblocking(True)
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as lines:
            heard.append(lines.readline())
            lines.write(answer)

    with listen(socket_of(config)) as listener:
        service = threading.Thread(target=serve, args=(listener,))
        service.start()
        try:
            return submit(config, Ignore(person=3)), heard[0]
        finally:
            service.join()


def test_a_service_that_listens_does_it(config: Config, database: Database) -> None:
    answer = b'{"done": {"act_id": 7, "message": "done so", "follow_up": []}}\n'
    did, asked = answered(config, answer)
    assert (did.act_id, did.message) == (7, "done so")
    told = json.loads(asked)
    assert told["act"] == {"act": "ignore", "person": 3} and Path(told["database"]) == config.database.path


@pytest.mark.parametrize(
    "answer",
    [
        b'{"done": {"act_id": 7, "follow_up": []}}\n',
        b'{"done": {"act_id": "7", "message": "done so", "follow_up": []}}\n',
        b'{"done": {"act_id": 7, "message": "done so"}}\n',
        b'{"done": []}\n',
    ],
)
def test_an_answer_that_is_none_is_read_as_strictly_as_by_a_command(
    config: Config, database: Database, answer: bytes
) -> None:
    with pytest.raises(WireError):
        answered(config, answer)
