DELETE FROM user_accounts WHERE id = $1
