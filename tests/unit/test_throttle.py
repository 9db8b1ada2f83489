"""Who fails too often has to wait, and who that is."""

from ipaddress import ip_network
from time import sleep

import pytest

from webapp.throttle import NOBODY, Throttle, client_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def came(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    client = None if peer is None else (peer, 4711)
    return {"type": "http", "client": client, "headers": headers}


def test_so_many_failures_are_taken_and_the_next_has_to_wait() -> None:
    throttle = Throttle("3/hour")
    assert [throttle.failed("a") for _ in range(3)] == [0, 0, 0]
    assert 0 < throttle.failed("a") <= 7200


def test_one_client_does_not_wait_for_another() -> None:
    throttle = Throttle("1/hour")
    throttle.failed("a")
    assert throttle.failed("a") > 0
    assert throttle.failed("b") == 0


def test_every_limit_counts() -> None:
    throttle = Throttle("100/minute; 2/hour")
    assert [bool(throttle.failed("a")) for _ in range(3)] == [False, False, True]


def test_who_has_waited_as_long_as_told_may_fail_again() -> None:
    throttle = Throttle("1/second")
    throttle.failed("a")
    sleep(throttle.failed("a"))
    assert throttle.failed("a") == 0


def test_without_other_words_twenty_a_minute_are_taken() -> None:
    throttle = Throttle()
    assert [throttle.failed("a") for _ in range(20)] == [0] * 20
    assert throttle.failed("a") > 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("10.0.0.2", (), "10.0.0.2"),
        ("10.0.0.2", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.2", ("1.1.1.1, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.2", ("1.1.1.1, 203.0.113.7, 10.0.0.9",), "203.0.113.7"),
        ("10.0.0.2", ("1.1.1.1", "203.0.113.7"), "203.0.113.7"),
        ("10.0.0.2", ("10.0.0.3, 10.0.0.4",), "10.0.0.3"),
        ("10.0.0.2", ("nonsense",), "10.0.0.2"),
        ("10.0.0.2", ("1.1.1.1, nonsense",), "10.0.0.2"),
        ("10.0.0.2", ("203.0.113.7:55123",), "203.0.113.7"),
        ("10.0.0.2", ("[2001:db8:1:2:3::4]:443",), "2001:db8:1:2::/64"),
        ("fd00::1", ("2001:db8:1:2:ffff::1",), "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        ("::ffff:10.0.0.2", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.2", ("\u00e4\u00f6\u00fc",), "10.0.0.2"),
        (None, ("203.0.113.7",), NOBODY),
        ("testclient", (), NOBODY),
    ],
)
def test_a_client_is_the_last_address_that_somebody_trusted_told(
    peer: str | None, forwarded: tuple[str, ...], client: str
) -> None:
    assert client_of(came(peer, *forwarded), PROXIES) == client


def test_nobody_is_believed_where_no_proxy_is_named() -> None:
    assert client_of(came("127.0.0.1", "203.0.113.7")) == "127.0.0.1"
