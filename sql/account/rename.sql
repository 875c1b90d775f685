UPDATE user_accounts SET account_name = $2, account_key = $3 WHERE id = $1
