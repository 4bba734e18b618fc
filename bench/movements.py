"""A statement of any length in a moment: transfers of one wallet made by PostgreSQL itself, over the last 400 days,
with their tallies. There are no holds to them, so an audit would rightly complain."""

from typing import Any

# Of each 10,000 movements: 9,900 pictures, the rest of all other kinds; ten disputes were not covered and are owed.
_TRANSFERS = """
INSERT INTO billing_transfer
    (id, source_id, target_id, debtor_id, amount, kind, key, memo, subject, actor, balance_after, created_at)
SELECT
    lpad(to_hex(n), 32, '0')::uuid,
    CASE WHEN kind IN ('purchase', 'grant') THEN book.id WHEN is_owed THEN book.id ELSE %(wallet)s END,
    CASE WHEN kind IN ('purchase', 'grant') THEN %(wallet)s WHEN is_owed THEN sales.id ELSE book.id END,
    CASE WHEN is_owed THEN %(wallet)s END,
    100 + n %% 9000, kind, 'bench:' || n, '1 image, Krea 2 Large',
    CASE WHEN kind = 'usage' THEN
        (ARRAY['krea-2-medium', 'krea-2-large', 'krea-2-turbo-lora', 'flux-krea-dev'])[1 + n %% 4] ELSE '' END,
    'bench', CASE WHEN is_owed THEN NULL ELSE 1000000 + n %% 1000 END,
    now() - (%(count)s - n) * (interval '400 days' / %(count)s)
FROM (
    SELECT n, CASE
        WHEN n %% 10000 < 40 THEN 'purchase' WHEN n %% 10000 < 60 THEN 'grant' WHEN n %% 10000 < 70 THEN 'refund'
        WHEN n %% 10000 < 85 THEN 'dispute' WHEN n %% 10000 < 90 THEN 'debt' WHEN n %% 10000 < 95 THEN 'correction'
        WHEN n %% 10000 < 100 THEN 'forfeit' ELSE 'usage' END AS kind, n %% 10000 BETWEEN 70 AND 79 AS is_owed
    FROM generate_series(1, %(count)s) AS n
) AS each
JOIN billing_account AS sales ON sales.book = 'sales'
JOIN billing_account AS book ON book.book = CASE
    WHEN kind = 'grant' THEN 'grants' WHEN kind = 'usage' THEN 'usage' WHEN kind = 'forfeit' THEN 'forfeits'
    WHEN is_owed OR kind IN ('debt', 'correction') THEN 'losses' ELSE 'sales' END
"""
_TALLIES = """
INSERT INTO billing_tally (wallet_id, day, kind, side, subject, movements, amount)
SELECT %(wallet)s, (created_at AT TIME ZONE 'UTC')::date, kind,
    CASE %(wallet)s WHEN source_id THEN 'out' WHEN target_id THEN 'in' ELSE 'owed' END, subject, count(*), sum(amount)
FROM billing_transfer WHERE %(wallet)s IN (source_id, target_id, debtor_id)
GROUP BY 2, 3, 4, 5
"""


def fill(cursor: Any, *, wallet_id: int, count: int) -> None:
    """Make `count` movements of a wallet that has none, and look at the tables as autovacuum would."""
    for sql in (_TRANSFERS, _TALLIES):
        cursor.execute(sql, {"wallet": wallet_id, "count": count})
    cursor.execute("ANALYZE billing_transfer, billing_tally")
