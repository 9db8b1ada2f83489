"""From one machine to ten million people: a simulation of rounds, and what it takes to hold them.

`python -m bench.scale` prints the tables of `docs/scale.md`; `--measure` first measures how many
bytes a row takes on a PostgreSQL of its own, with the real schema. Time goes by in minutes: each
organisation sends as fast as its workspace allows, in its own hours, and people press after it.
"""

import argparse
import asyncio
import math
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from bench.ours import settings_for
from bench.servers import postgresql_databases
from bench.start import _populate as populate
from runtime.wiring import put_together

# Measured, 2 cores with database and load on the same machine.
DELIVERIES_A_WORKER = 1_076
DELIVERIES_A_DATABASE = 1_740
PRESSES_A_WEB = 500
PRESSES_A_DATABASE = 2_000
# Bytes a row with its indexes, by --measure.
BYTES = {"people": 232, "addresses": 181, "invitations": 415, "deliveries": 695, "responses": 310}
# Assumed.
ANSWERED = 0.4
ROUNDS_A_YEAR = 4
REMINDED = 0.6
KEPT_YEARS = 2
PEOPLE_A_DATABASE = 2_000_000
HEADROOM = 2
PACES = {"Slack": 5.0, "Mattermost": 10.0}
"""Messages a second in one workspace: several hundred a minute; by default no limit, ours is."""
DAY = 24 * 60
WINDOW = (9 * 60, 17 * 60)
ZONES = (-8, -5, 0, 1, 1, 1, 2, 5.5, 8, 9)
HORIZON = 10 * DAY


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """One installation's worth of people in one workspace."""

    people: int
    pace: float
    offset: int
    starts: int


def organisations(number: int, people: int, *, days: int, seed: int = 7) -> list[Organisation]:
    """A few large ones and many small ones (log-normal), starting over so many working days."""
    dice = random.Random(seed)
    weights = [dice.lognormvariate(0, 1.6) for _ in range(number)]
    scale = people / sum(weights)
    platforms = list(PACES.values())
    return [
        Organisation(
            people=max(5, round(weight * scale)),
            pace=dice.choice(platforms),
            offset=round(dice.choice(ZONES) * 60),
            starts=dice.randrange(days) * DAY,
        )
        for weight in weights
    ]


def sends(asked: Organisation) -> list[tuple[int, int]]:
    """When how many messages go out: (minute, number), in the organisation's window only."""
    left, minute, found = asked.people, asked.starts + WINDOW[0] - asked.offset, []
    a_minute = max(1, int(asked.pace * 60))
    while left > 0:
        local = (minute + asked.offset) % DAY
        if local >= WINDOW[1]:
            minute += DAY - local + WINDOW[0]
            continue
        number = min(a_minute, left)
        found.append((minute, number))
        left -= number
        minute += 1
    return found


def delays(horizon: int) -> list[float]:
    """Which share of those who answer does so in which minute after the message.

    Four in ten within about ten minutes, the others over about two days.
    """
    shape = [
        0.4 * math.exp(-minute / 10) / 10 + 0.6 * math.exp(-minute / 960) / 960
        for minute in range(horizon)
    ]
    whole = sum(shape)
    return [share / whole for share in shape]


def presses(sent: Sequence[int]) -> float:
    """The most presses in any minute, per second."""
    # The quick ones stand for the peak; the slow ones are nearly level.
    quick = [share * ANSWERED for share in delays(3 * DAY)[:120]]
    base = ANSWERED * 0.6 * sum(sent) / (2 * DAY)
    peak = 0.0
    for now in range(len(sent)):
        if sent[now]:
            recent = sent[max(0, now - 119) : now + 1]
            rate = sum(n * share for n, share in zip(reversed(recent), quick, strict=False))
            peak = max(peak, rate)
    return (peak + min(base, peak)) / 60


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one size needs."""

    organisations: int
    people: int
    largest: int
    hours: float
    peak_sends: float
    peak_presses: float

    @property
    def workers(self) -> int:
        return max(2, math.ceil(HEADROOM * self.peak_sends / DELIVERIES_A_WORKER))

    @property
    def webs(self) -> int:
        return max(2, math.ceil(HEADROOM * self.peak_presses / PRESSES_A_WEB))

    @property
    def databases(self) -> int:
        return max(
            math.ceil(self.people / PEOPLE_A_DATABASE),
            math.ceil(HEADROOM * self.peak_sends / DELIVERIES_A_DATABASE),
            math.ceil(HEADROOM * self.peak_presses / PRESSES_A_DATABASE),
        )


def simulate(number: int, people: int, *, days: int) -> Found:
    """All rounds of one quarter, from the first message to the last."""
    minutes = [0] * (HORIZON + (days + 1) * DAY)
    longest = 0
    asked = organisations(number, people, days=days)
    for one in asked:
        plan = sends(one)
        longest = max(longest, plan[-1][0] - plan[0][0] + 1)
        for minute, n in plan:
            if minute + DAY < len(minutes):
                minutes[minute + DAY] += n
    return Found(
        organisations=number,
        people=sum(one.people for one in asked),
        largest=max(one.people for one in asked),
        hours=longest / 60,
        peak_sends=max(minutes) / 60,
        peak_presses=presses(minutes),
    )


def bytes_a_person(years: float = KEPT_YEARS) -> dict[str, float]:
    """What one person takes in the database after so long."""
    rounds = ROUNDS_A_YEAR * years
    # The question, reminders, and one update of the message as the round closes.
    messages = rounds * (1 + REMINDED + 1)
    return {
        "people": BYTES["people"],
        "addresses": BYTES["addresses"],
        "invitations": BYTES["invitations"] * rounds,
        "deliveries": BYTES["deliveries"] * messages,
        "responses": BYTES["responses"] * rounds * ANSWERED,
    }


SIZES = ((1, 1_000), (1, 100_000), (100, 100_000), (1_000, 1_000_000), (5_000, 10_000_000))


_HEAD = (
    "people",
    "organisations",
    "largest",
    "longest round goes out in",
    "messages/s at the peak",
    "presses/s at the peak",
    "workers",
    "web",
    "databases",
)


def table(rows: Sequence[Sequence[object]]) -> None:
    """In Markdown, as the page has it."""
    head, *body = rows
    for row in (head, ["---"] * len(head), *body):
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def print_rounds() -> None:
    """What each size needs, at worst and spread."""
    for days, title in ((1, "Everybody starts on one day"), (60, "Starts spread over 60 days")):
        print(f"### {title}\n")
        rows: list[Sequence[object]] = [_HEAD]
        for number, people in SIZES:
            found = simulate(number, people, days=days)
            rows.append(
                (
                    f"{found.people:,}",
                    f"{number:,}",
                    f"{found.largest:,}",
                    f"{found.hours:.1f} h",
                    f"{found.peak_sends:,.0f}",
                    f"{found.peak_presses:,.0f}",
                    found.workers,
                    found.webs,
                    found.databases,
                )
            )
        table(rows)


def print_sizes() -> None:
    """How large the database becomes."""
    print("### The database\n")
    taken = bytes_a_person()
    table(
        [
            ("table", "bytes a row", f"kB a person after {KEPT_YEARS} years"),
            *((name, BYTES[name], f"{size / 1_000:.1f}") for name, size in taken.items()),
            ("all", "", f"{sum(taken.values()) / 1_000:.1f}"),
        ]
    )
    table(
        [
            ("people", f"GB after {KEPT_YEARS} years"),
            *(
                (f"{people:,}", f"{people * sum(taken.values()) / 1e9:.1f}")
                for people in (1_000, 100_000, 1_000_000, 10_000_000)
            ),
        ]
    )


async def measure(url: str, people: int) -> dict[str, int]:
    """Bytes a row, indexes included, after a round was sent and answered."""
    with tempfile.TemporaryDirectory() as folder:
        product = put_together(settings_for(url, folder=Path(folder)))
        await populate(product, people)
        await product.start("nps")
        statements = (
            "UPDATE deliveries SET state = 'sending', attempt = 1, lease_until = now()",
            """UPDATE deliveries SET state = 'sent', sent_at = now(),
               channel_ref = substr(md5(id::text), 1, 26),
               message_ref = substr(md5(id::text), 1, 26)""",
            "UPDATE invitations SET state = 'sent'",
            """INSERT INTO responses (campaign_id, respondent, cohort, score, waiting, comment)
               SELECT campaign_id, encode(sha256(id::text::bytea), 'hex'), cohort,
               floor(random() * 11), true, CASE WHEN random() < 0.3 THEN repeat('words ', 20) END
               FROM invitations WHERE random() < :answered""",
            """UPDATE invitations SET state = 'answered', pressed_at = now()
               WHERE random() < :answered""",
        )
        for statement in statements:
            async with product.database.engine.begin() as connection:
                told = {"answered": ANSWERED} if ":answered" in statement else {}
                await connection.execute(text(statement), told)
        found = {}
        async with product.database.engine.connect() as connection:
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await autocommit.execute(text("VACUUM ANALYZE"))
            for name in BYTES:
                rows = await autocommit.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608
                size = await autocommit.scalar(text(f"SELECT pg_total_relation_size('{name}')"))
                found[name] = round(int(size or 0) / max(1, int(rows or 0)))
        await product.let_go()
    return found


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--measure", type=int, metavar="PEOPLE", help="measure the bytes first")
    chosen = parser.parse_args()
    if chosen.measure:
        with tempfile.TemporaryDirectory() as folder:
            BYTES.update(asyncio.run(measure(postgresql_databases(folder)(), chosen.measure)))
    print_rounds()
    print_sizes()


if __name__ == "__main__":
    main()
