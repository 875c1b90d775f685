SELECT 1 FROM user_accounts WHERE id = ?1
