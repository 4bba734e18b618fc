"""A business of any size in a minute or two: customers, pictures with their draws, and transfers of the last 400 days,
made by PostgreSQL itself. There are no holds to the transfers and no files to the pictures, so an audit would rightly
complain; wallets have what the transfers say."""

from typing import Any

DAYS = 400
WALLETS = 20_000
A_GENERATION = 2  # pictures
MODELS = "(ARRAY['krea-2-medium', 'krea-2-large', 'krea-2-turbo-lora', 'flux-krea-dev'])"
AT = "now() - interval '1 second' - (%(count)s - n) * (interval '400 days' / %(count)s)"
# As uuid7 would have made it then: 48 bits of milliseconds, the version, what tells it apart.
ID = (
    "(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7{kind}' || lpad(to_hex(n %% 256), 2, '0') "
    "|| '8' || lpad(to_hex(n), 15, '0'))::uuid"
)
STATUS = (
    "CASE WHEN n > %(count)s - 60 THEN 'queued' WHEN n > %(count)s - 90 THEN 'drawing' WHEN n %% 50 = 0 THEN 'failed' "
    "WHEN n %% 50 = 1 THEN 'blocked' WHEN n %% 50 = 2 THEN 'canceled' ELSE 'stored' END"
)
USERS = """
INSERT INTO accounts_user (password, is_superuser, email, is_staff, is_active, date_joined, first_name, last_name)
SELECT '', false, 'customer' || n || '@example.com', false, true, now(), '', ''
FROM generate_series(1, %(wallets)s) AS n
"""
WALLETS_OF_ALL = """
INSERT INTO billing_account (user_id, balance, held, debt)
SELECT id, 0, 0, 0 FROM accounts_user WHERE email LIKE 'customer%%'
"""
GENERATIONS = f"""
INSERT INTO generations_generation (id, user_id, image_model, input, "references", quantity, output_format, image_price,
    image_cost_microusd, unfinished, outcome, error_code, error_message, created_at, started_at, finished_at)
SELECT {ID.format(kind="1")}, (SELECT min(id) FROM accounts_user WHERE email LIKE 'customer%%') + n %% %(wallets)s,
    {MODELS}[1 + n %% 4], '{{"prompt": "a pier at low tide"}}', '[]', {A_GENERATION}, '', 3900, 21000,
    CASE WHEN n > %(count)s - 45 THEN {A_GENERATION} ELSE 0 END,
    CASE WHEN n > %(count)s - 45 THEN NULL WHEN n %% 25 = 0 THEN 'failed' ELSE 'succeeded' END, '', '', at, at,
    CASE WHEN n > %(count)s - 45 THEN NULL ELSE at END
FROM (SELECT n, {AT} AS at FROM generate_series(1, %(count)s) AS n) AS each
"""
# Pictures 2k - 1 and 2k are of generation k, whose moment and id are made again in the same way.
IMAGES = f"""
INSERT INTO generations_image (id, generation_id, user_id, index, seed, price, status, status_at, turn, draws_made,
    refusals, error_code, error_message, name, sha256, content_type, variants, image_model, draw_id)
SELECT {ID.format(kind="2")}, generation.id, generation.user_id, n %% 2, n, 3900, status,
    at + (8 + n %% 17) * interval '1 second', 0, 1, 0,
    CASE status WHEN 'failed' THEN (ARRAY['timed_out', 'fal_error', 'no_slot'])[1 + n %% 3]
        WHEN 'blocked' THEN 'content_blocked' ELSE '' END, '',
    CASE status WHEN 'stored' THEN 'pictures/' || n ELSE '' END,
    CASE status WHEN 'stored' THEN lpad(to_hex(n), 64, '0') ELSE '' END, 'image/png', '{{}}', image_model,
    CASE WHEN status <> 'queued' THEN {ID.format(kind="3")} END
FROM (
    SELECT n, {STATUS} AS status, generation.*, generation.created_at AS at FROM generate_series(1, %(count)s) AS n
    JOIN (SELECT id, user_id, image_model, created_at, ('x' || right(id::text, 12))::bit(48)::bigint AS number
        FROM generations_generation) AS generation ON generation.number = (n + 1) / {A_GENERATION}
) AS generation
"""
DRAWS = """
INSERT INTO generations_draw (id, image_id, token, endpoint, created_at, sent_at, request_id, accepted_at, completed_at,
    drawn_ms, result_status, outcome, may_be_billed, cost_microusd, billable_units, fetches)
SELECT draw_id, id, 'bench' || seed, 'krea/v2/large/text-to-image', at, at + interval '1 second', 'bench-' || seed,
    at + interval '2 seconds', CASE WHEN status = 'stored' THEN at + (6 + seed %% 17) * interval '1 second' END,
    CASE WHEN status = 'stored' THEN 3000 + seed %% 9000 END, 200,
    CASE WHEN status = 'stored' THEN 'delivered' WHEN seed %% 500 = 0 THEN 'unknown' ELSE 'timed_out' END,
    status = 'stored' OR seed %% 500 = 0, CASE WHEN status = 'stored' THEN 21000 ELSE 0 END, '1', 0
FROM (SELECT *, status_at - (8 + seed %% 17) * interval '1 second' AS at FROM generations_image) AS image
WHERE draw_id IS NOT NULL
"""
# Of each 1,000: 10 purchases, 5 gifts, one refund; all others are pictures.
TRANSFERS = f"""
INSERT INTO billing_transfer
    (id, source_id, target_id, amount, kind, key, memo, subject, actor, balance_after, created_at)
SELECT {ID.format(kind="4")}, CASE WHEN gives THEN wallet ELSE book.id END,
    CASE WHEN gives THEN book.id ELSE wallet END,
    CASE kind WHEN 'purchase' THEN 1000000 WHEN 'grant' THEN 20000 WHEN 'refund' THEN 500000 ELSE 3900 END, kind,
    'bench:' || n, 'Bench', CASE kind WHEN 'usage' THEN {MODELS}[1 + n %% 4] ELSE '' END, 'bench', 1000, at
FROM (
    SELECT n, {AT} AS at, kind, kind IN ('usage', 'refund') AS gives,
        (SELECT min(id) FROM billing_account WHERE book IS NULL) + n %% %(wallets)s AS wallet
    FROM (SELECT n, CASE WHEN n %% 1000 < 10 THEN 'purchase' WHEN n %% 1000 < 15 THEN 'grant'
        WHEN n %% 1000 = 15 THEN 'refund' ELSE 'usage' END AS kind FROM generate_series(1, %(count)s) AS n) AS each
) AS each
JOIN billing_account AS book
    ON book.book = CASE kind WHEN 'usage' THEN 'usage' WHEN 'grant' THEN 'grants' ELSE 'sales' END
"""
BALANCES = """
UPDATE billing_account SET balance = greatest(0, moved.amount) FROM (
    SELECT account, sum(amount) AS amount FROM (
        SELECT target_id AS account, amount FROM billing_transfer
        UNION ALL SELECT source_id, -amount FROM billing_transfer
    ) AS sides GROUP BY account
) AS moved WHERE moved.account = billing_account.id AND book IS NULL
"""


def fill(cursor: Any, *, images: int, transfers: int) -> None:
    """Make them in an empty site, and look at the tables as autovacuum would; outside of a transaction."""
    for sql, count in (
        (USERS, 0), (WALLETS_OF_ALL, 0), (GENERATIONS, images // A_GENERATION), (TRANSFERS, transfers), (BALANCES, 0),
    ):  # fmt: skip
        cursor.execute(sql, {"count": count, "wallets": WALLETS})
    cursor.execute("BEGIN")  # pictures and draws name each other; the database asks at the end
    for sql in (IMAGES, DRAWS):
        cursor.execute(sql, {"count": images})
    cursor.execute("COMMIT")
    cursor.execute("VACUUM ANALYZE")
