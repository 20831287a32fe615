"""The log of requests to hosts that have a budget. It outlives a crawl, so that a restart does not give a fresh one."""

from sqlalchemy import Connection, delete, insert, select, update

from harvester.catalogue.schema import request_log


def trim_requests(connection: Connection, host: str, oldest: int, newest: int) -> None:
    """Forget a host's requests up to `oldest`; those after `newest`, as of a clock set back, count as of `newest`."""
    connection.execute(delete(request_log).where(request_log.c.host == host, request_log.c.at <= oldest))
    connection.execute(
        update(request_log).where(request_log.c.host == host, request_log.c.at > newest).values(at=newest)
    )


def add_request(connection: Connection, host: str, at: int) -> None:
    """Note one request."""
    connection.execute(insert(request_log).values(host=host, at=at))


def time_of_nth_last_request(connection: Connection, host: str, number: int) -> int | None:
    """When the `number`-th last request was sent, 1 being the last; None where there are fewer."""
    query = (
        select(request_log.c.at)
        .where(request_log.c.host == host)
        .order_by(request_log.c.at.desc())
        .offset(number - 1)
        .limit(1)
    )
    return connection.execute(query).scalar()
