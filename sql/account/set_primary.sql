UPDATE user_accounts SET is_primary = 1 WHERE id = $1
