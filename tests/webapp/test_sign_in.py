"""Signing in: works, wrong, locked out, on to the page that was asked for; out again; the language."""

import pytest
from django.test import Client

from annotator.services.accounts import create_account

PASSWORD = "tall-quiet-lamp-7"

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> None:
    create_account(username="mia", password=PASSWORD)


def sign_in(client: Client, password: str, **more: str) -> object:
    return client.post("/sign-in", {"username": "mia", "password": password, **more})


def test_works_and_goes_on(mia: None, client: Client) -> None:
    answer = sign_in(client, PASSWORD, next="/account")
    assert answer.status_code == 302
    assert answer["Location"] == "/account"
    assert client.get("/account").status_code == 200


def test_another_site_is_not_gone_to(mia: None, client: Client) -> None:
    assert sign_in(client, PASSWORD, next="https://elsewhere.example/")["Location"] == "/"


def test_wrong_password_is_told_kindly(mia: None, client: Client) -> None:
    answer = sign_in(client, "wrong")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


def test_too_many_wrong_passwords_lock_the_name_for_a_while(mia: None, client: Client) -> None:
    statuses = [sign_in(client, "wrong").status_code for _ in range(8)]
    assert statuses[0] == 200
    answer = sign_in(client, PASSWORD)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "Too many wrong passwords" in answer.content.decode()
    assert client.get("/account").status_code == 302


def test_behind_a_proxy_a_name_is_locked_for_the_guesser_alone(mia: None, client: Client, settings) -> None:
    settings.PROXIES = 1

    def status(password: str, forwarded: str) -> int:
        return client.post(
            "/sign-in", {"username": "mia", "password": password}, headers={"x-forwarded-for": forwarded}
        ).status_code

    # Whatever the guesser writes into the header, the proxy adds where it comes from.
    statuses = [status("wrong", f"10.0.0.{at}, 203.0.113.9") for at in range(9)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert status(PASSWORD, "203.0.113.9") == 429
    assert status(PASSWORD, "198.51.100.7") == 302


@pytest.mark.parametrize("forwarded", ["10.0.0.1", "10.0.0.1, nonsense", ""])
def test_without_a_proxy_the_header_is_not_believed(mia: None, client: Client, settings, forwarded: str) -> None:
    settings.PROXIES = 1 if "nonsense" in forwarded else 0
    for at in range(8):
        sent = forwarded.replace("0.1", f"0.{at}")
        client.post("/sign-in", {"username": "mia", "password": "wrong"}, headers={"x-forwarded-for": sent})
    assert sign_in(client, PASSWORD).status_code == 429


def test_sign_out_is_a_post(mia: None, client: Client) -> None:
    sign_in(client, PASSWORD)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/account").status_code == 302


def test_language_of_the_account_wins(mia: None, client: Client) -> None:
    sign_in(client, PASSWORD)
    client.post("/account", {"act": "preferences", "display_name": "Mia", "theme": "dark", "language": "zh-hant"})
    page = client.get("/account", headers={"accept-language": "en"}).content.decode()
    assert '<html lang="zh-hant" data-theme="dark">' in page


def test_healthz(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "database": "ok", "redis": "ok"}
