INSERT INTO account_ranks (account_id, ladder, tier, division, declared_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, ladder) DO UPDATE
SET tier = excluded.tier, division = excluded.division, declared_at = excluded.declared_at
