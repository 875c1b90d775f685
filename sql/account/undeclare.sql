DELETE FROM account_ranks WHERE account_id = $1 AND ladder = $2
