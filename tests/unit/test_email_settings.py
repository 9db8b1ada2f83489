"""E-mail in the settings: on with somebody to carry it and a sender, and no secret is shown."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from bot.email.providers import Security
from runtime.settings import Settings, load_settings
from runtime.settings.email import EmailSettings
from survey.brand import Brand
from survey.errors import InvalidValue

FROM = "Acme surveys <Surveys@example.org>"


def loaded(folder: Path, **environ: str) -> Settings:
    return load_settings(
        {f"VOXPOP_{name}": value for name, value in environ.items()}, folder=folder
    )


def email(folder: Path, **environ: str) -> EmailSettings:
    given = {f"EMAIL__{name}": value for name, value in environ.items()}
    found = loaded(folder, **{"EMAIL__FROM": FROM, **given}).email
    assert found is not None
    return found


def refusal(folder: Path, **environ: str) -> str:
    with pytest.raises(InvalidValue) as caught:
        loaded(folder, **{f"EMAIL__{name}": value for name, value in environ.items()})
    return str(caught.value)


def test_nothing_set_is_no_email(tmp_path: Path) -> None:
    assert loaded(tmp_path).email is None


def test_an_smtp_server_and_a_sender_switch_it_on(tmp_path: Path) -> None:
    found = email(tmp_path, SMTP_URL="smtp://bot:s%40cr%2Fet%3Aword@mail.example.org")
    assert found.smtp is not None
    assert (found.smtp.host, found.smtp.port) == ("mail.example.org", 587)
    assert found.smtp.security is Security.STARTTLS
    assert (found.smtp.user, found.smtp.password) == ("bot", "s@cr/et:word")
    assert (found.sender.name, found.sender.address) == ("Acme surveys", "surveys@example.org")
    assert found.sender.envelope == "surveys@example.org"
    assert found.base_url == "http://localhost:8000"


def test_sendgrid_and_a_sender_switch_it_on(tmp_path: Path) -> None:
    found = email(tmp_path, SENDGRID_KEY="SG.a-key-of-sendgrid")
    assert found.smtp is None
    assert found.sendgrid_url == "https://api.sendgrid.com"


def test_it_stands_beside_the_sandbox(tmp_path: Path) -> None:
    given = {"SANDBOX": "true", "EMAIL__SMTP_URL": "smtp://localhost", "EMAIL__FROM": FROM}
    settings = loaded(tmp_path, **given)
    assert settings.sandbox
    assert settings.email is not None


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtps://mail.example.org", 465, Security.TLS),
        ("smtps://localhost", 465, Security.TLS),
        ("smtp://mail.example.org:2525", 2525, Security.STARTTLS),
        ("smtp://localhost", 25, Security.OPEN),
        ("smtp://[::1]:1025/", 1025, Security.OPEN),
        ("smtp://127.0.0.1", 25, Security.OPEN),
        ("smtp+insecure://relay.example.org", 25, Security.OPEN),
    ],
)
def test_only_what_never_leaves_this_machine_goes_in_the_open_unasked(
    tmp_path: Path, url: str, port: int, security: Security
) -> None:
    found = email(tmp_path, SMTP_URL=url).smtp
    assert found is not None
    assert (found.port, found.security) == (port, security)


def test_a_host_with_letters_of_its_own_is_written_as_dns_knows_it(tmp_path: Path) -> None:
    found = email(tmp_path, SMTP_URL="smtps://post.bücher.example").smtp
    assert found is not None
    assert found.host == "post.xn--bcher-kva.example"


def test_everything_else_is_read(tmp_path: Path) -> None:
    found = email(
        tmp_path,
        SMTP_URL="smtps://a:b@one.example.org",
        FALLBACK_SMTP_URL="smtps://c:d@two.example.org",
        SENDGRID_KEY="SG.a-key-of-sendgrid",
        SENDGRID_WEBHOOK_KEY="MFkwEwYHKoZIzj0CAQ",
        REPLY_TO="Hello@example.org",
        RETURN_PATH="bounces@example.org",
        BOUNCES_IMAP_URL="imaps://bounces%40example.org:p%23w@imap.example.org/Mail%20back",
    )
    assert found.fallback is not None
    assert found.fallback.host == "two.example.org"
    assert found.sender.reply_to == "hello@example.org"
    assert found.sender.envelope == "bounces@example.org"
    assert found.inbox is not None
    assert (found.inbox.folder, found.inbox.server.user) == ("Mail back", "bounces@example.org")
    assert (found.inbox.server.port, found.inbox.server.security) == (993, Security.TLS)


def test_no_password_is_in_any_representation(tmp_path: Path) -> None:
    found = email(
        tmp_path,
        SMTP_URL="smtps://a:open-sesame@one.example.org",
        FALLBACK_SMTP_URL="smtps://a:open-sesame@two.example.org",
        SENDGRID_KEY="open-sesame-of-sendgrid",
        BOUNCES_IMAP_URL="imaps://a:open-sesame@imap.example.org",
    )
    assert "sesame" not in repr(found)
    assert "sesame" not in f"{found.smtp} {found.fallback}"


def test_a_sender_is_needed(tmp_path: Path) -> None:
    assert "VOXPOP_EMAIL__FROM is needed" in refusal(tmp_path, SMTP_URL="smtp://localhost")


@pytest.mark.parametrize(
    "given",
    [
        {"FROM": FROM},
        {"REPLY_TO": "a@example.org"},
        {"FALLBACK_SMTP_URL": "smtp://localhost", "FROM": FROM},
    ],
)
def test_somebody_to_carry_it_is_needed(tmp_path: Path, given: dict[str, str]) -> None:
    told = refusal(tmp_path, **given)
    assert "nobody is there to carry the mail" in told
    assert all(name in told for name in given)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://bot:sesame",
        "smtp://bot:se/same@mail.example.org",
        "smtp://bot:se#same@mail.example.org",
        "smtp://bot:se same@mail.example.org",
        "smtp://bot@mail.example.org",
        "smtp://:sesame@mail.example.org",
        "smtp://bot:sesame@mail.example.org/INBOX",
        "smtp://bot:sesame@mail.example.org:99999",
        "smtp://bot:se%FFsame@mail.example.org",
        "smtp://bot:sesame@mail.example.org?x=y",
        "smtp://bot:sesame@[::1",
    ],
)
@pytest.mark.parametrize("name", ["SMTP_URL", "FALLBACK_SMTP_URL"])
def test_what_is_no_server_is_refused_without_its_password(
    tmp_path: Path, name: str, url: str
) -> None:
    given = {"SMTP_URL": "smtp://localhost", "FROM": FROM, name: url}
    told = refusal(tmp_path, **given)
    assert told.startswith(f"VOXPOP_EMAIL__{name} is a secret of {len(url)} characters")
    assert "sesame" not in told
    assert "se/same" not in told


@pytest.mark.parametrize("url", ["imaps://imap.example.org", "pop3://a:b@c.example.org", "imaps:"])
def test_what_is_no_inbox_is_refused(tmp_path: Path, url: str) -> None:
    told = refusal(tmp_path, SMTP_URL="smtp://localhost", FROM=FROM, BOUNCES_IMAP_URL=url)
    assert told.startswith("VOXPOP_EMAIL__BOUNCES_IMAP_URL is a secret of")


def test_a_key_of_sendgrid_does_not_go_over_the_network_in_the_open(tmp_path: Path) -> None:
    told = refusal(
        tmp_path,
        SENDGRID_KEY="SG.a-key-of-sendgrid",
        SENDGRID_URL="http://api.example.org",
        FROM=FROM,
    )
    assert "begins with https://" in told


@pytest.mark.parametrize(
    "sender",
    [
        "nobody",
        "a@example.org, b@example.org",
        "Acme\r\nBcc: x@example.org <a@example.org>",
        "A <b> <a@example.org>",
    ],
)
def test_what_is_no_sender_is_refused(tmp_path: Path, sender: str) -> None:
    told = refusal(tmp_path, SMTP_URL="smtp://localhost", FROM=sender)
    assert "VOXPOP_EMAIL__FROM" in told


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("surveys@example.org", ""),
        ("<surveys@example.org>", ""),
        ('"Acme, Inc." <surveys@example.org>', "Acme, Inc."),
        ("Bücher & Söhne <surveys@example.org>", "Bücher & Söhne"),
    ],
)
def test_a_sender_may_have_any_name(tmp_path: Path, sender: str, name: str) -> None:
    found = email(tmp_path, SMTP_URL="smtp://localhost", FROM=sender).sender
    assert (found.name, found.address) == (name, "surveys@example.org")


def test_the_brand_is_ours_unless_it_is_set(tmp_path: Path) -> None:
    assert loaded(tmp_path).brand == Brand()
    given = {
        "BRAND__NAME": "Acme",
        "BRAND__COLOR": "#AA0055",
        "BRAND__LOGO_URL": "https://acme.example/logo.png?v=2",
    }
    assert loaded(tmp_path, **given).brand == Brand(
        name="Acme", color="#aa0055", logo_url="https://acme.example/logo.png?v=2"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BRAND__COLOR", "red"),
        ("BRAND__COLOR", '#fff" style="'),
        ("BRAND__NAME", "two\nlines"),
        ("BRAND__LOGO_URL", "http://acme.example/logo.png"),
        ("BRAND__LOGO_URL", 'https://acme.example/"onload="x'),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "everybody"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://intranet.example.org/page"),
    ],
)
def test_what_does_not_fit_is_told_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidValue, match=f"VOXPOP_{name}"):
        loaded(tmp_path, **{name: value})


def test_networks_and_origins_are_lists(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        TRUSTED_PROXIES="10.0.0.0/8, fd00::/8, 192.0.2.1",
        CORS_ORIGINS="https://One.example.org, http://localhost:3000/",
    )
    assert settings.trusted_proxies == (
        IPv4Network("10.0.0.0/8"),
        IPv6Network("fd00::/8"),
        IPv4Network("192.0.2.1/32"),
    )
    assert settings.cors_origins == ("https://one.example.org", "http://localhost:3000")


def test_a_mailbox_that_lacks_half_of_its_secret_is_told_how_a_mailbox_looks(
    tmp_path: Path,
) -> None:
    url = "imaps://bounces@imap.example.org"
    told = refusal(tmp_path, SMTP_URL="smtp://localhost", FROM=FROM, BOUNCES_IMAP_URL=url)
    assert "imaps://user:password@mail.example.org/INBOX" in told
    assert "smtp://" not in told
