"""Logins by a device code."""

from __future__ import annotations

import re

import pytest

from ringback_server.auth.grants import OAuthError
from ringback_server.errors import InvalidArgumentError, NotFoundError, TooManyAttemptsError
from tests.auth.instances import ADMIN, URL, VIEWER
from tests.auth.oauth.desk import CLI, DEVICE_GRANT, Desk, basic, polling, request

PENDING = ("authorization_pending", 400)


def test_login_when_it_is_approved(desk: Desk) -> None:
    """A device asks until somebody approves, and then has the tokens of the account."""
    shown = desk.device()

    assert PENDING == desk.refusal(polling(shown))
    desk.clock.advance(5)
    desk.approve(shown["user_code"].lower().replace("-", " "))
    principal = desk.authenticator.authenticate(str(desk.poll(shown)["access_token"]))
    assert VIEWER == principal.email
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", shown["user_code"])
    assert (f"{URL}/device", 600, 5) == (
        shown["verification_uri"],
        shown["expires_in"],
        shown["interval"],
    )


def test_login_when_the_device_is_hasty(desk: Desk) -> None:
    """Who asks too soon is told to slow down, by five seconds each time."""
    shown = desk.device()
    assert PENDING == desk.refusal(polling(shown))
    desk.clock.advance(3)
    assert ("slow_down", 400) == desk.refusal(polling(shown))
    desk.clock.advance(6)
    assert ("slow_down", 400) == desk.refusal(polling(shown))
    desk.clock.advance(15)
    assert PENDING == desk.refusal(polling(shown))


def test_login_when_it_is_denied(desk: Desk) -> None:
    """The device is told, and the code is gone for others."""
    shown = desk.device()
    desk.approval.deny(desk.approval.find(shown["user_code"], "a"))

    assert ("access_denied", 400) == desk.refusal(polling(shown))
    with pytest.raises(NotFoundError):
        desk.approve(shown["user_code"])


def test_login_when_nobody_approves_in_time(desk: Desk) -> None:
    """After ten minutes it can be neither approved nor exchanged."""
    shown = desk.device()
    desk.clock.advance(600)

    assert ("expired_token", 400) == desk.refusal(polling(shown))
    with pytest.raises(NotFoundError):
        desk.approve(shown["user_code"])


def test_device_code_when_it_is_used_again(desk: Desk) -> None:
    """It gives one session, and used again it ends that."""
    shown = desk.device()
    desk.approve(shown["user_code"])
    answer = desk.poll(shown)

    assert ("invalid_grant", 400) == desk.refusal(polling(shown))
    assert not desk.counts(answer["access_token"])


def test_device_code_when_it_is_none(desk: Desk) -> None:
    """An unknown one is refused, and one of another client."""
    shown = desk.device()
    desk.approve(shown["user_code"])
    form = {"grant_type": DEVICE_GRANT, "device_code": shown["device_code"]}

    assert ("invalid_grant", 400) == desk.refusal(form, basic(VIEWER, desk.secret()))
    unknown = desk.refusal({**form, "client_id": CLI, "device_code": "rbd_x"})
    assert ("invalid_grant", 400) == unknown
    assert desk.poll(shown)


def test_login_when_a_service_account_begins_it(desk: Desk) -> None:
    """People log in with programs, not as accounts."""
    with pytest.raises(OAuthError) as caught:
        desk.server.device_authorization(request({}, basic(VIEWER, desk.secret())))

    assert caught.value.error == "unauthorized_client"


def test_logins_when_too_many_begin(desk: Desk) -> None:
    """Thirty a minute may begin at one address."""
    for _ in range(30):
        desk.device()

    with pytest.raises(OAuthError) as caught:
        desk.device()
    assert (429, 60.0) == (caught.value.status, caught.value.retry_after)
    desk.clock.advance(60)
    assert desk.device()


def test_user_code_when_it_is_guessed(desk: Desk) -> None:
    """Ten wrong ones in a minute, and whoever guesses waits; others do not."""
    shown = desk.device()
    for _ in range(10):
        with pytest.raises(NotFoundError):
            desk.approval.find("BBBB-BBBB", "guesser")

    with pytest.raises(TooManyAttemptsError):
        desk.approval.find(shown["user_code"], "guesser")
    assert desk.approval.find(shown["user_code"], "another")
    desk.clock.advance(60)
    assert desk.approval.find(shown["user_code"], "guesser")


def test_user_code_when_strangers_guess_from_many_addresses(desk: Desk) -> None:
    """They wait for one another, and whoever may approve logins does not wait for them."""
    shown = desk.device()
    for number in range(300):
        with pytest.raises(NotFoundError):
            desk.approval.find("BBBB-BBBB", f"page {number // 10}", stranger=True)

    with pytest.raises(TooManyAttemptsError):
        desk.approval.find(shown["user_code"], "page new", stranger=True)
    assert desk.approval.find(shown["user_code"], "approver")


@pytest.mark.parametrize("typed", ["", "BCDF", "AEIO-UAEI", "BCDF-GHJK-L", "BCDF-GHJ1", "É" * 8])
def test_user_code_when_it_is_none(desk: Desk, typed: str) -> None:
    """What cannot be a code says what one looks like."""
    with pytest.raises(InvalidArgumentError):
        desk.approval.find(typed, "a")


def test_login_when_two_approve_it(desk: Desk) -> None:
    """The first decides."""
    shown = desk.device()
    login = desk.approval.find(shown["user_code"], "a")
    desk.approval.approve(login, VIEWER)

    with pytest.raises(NotFoundError):
        desk.approval.approve(login, ADMIN)
    with pytest.raises(NotFoundError):
        desk.approval.deny(login)
    assert VIEWER == desk.authenticator.authenticate(str(desk.poll(shown)["access_token"])).email
