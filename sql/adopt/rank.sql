INSERT INTO account_ranks (account_id, ladder, tier, division, declared_at)
VALUES (?1, ?2, ?3, ?4, ?5)
