-- To another role, which their team may have no room for: they are on none until somebody puts them there.
UPDATE session_participants SET role = $3, account_id = $4, team = NULL WHERE session_id = $1 AND user_id = $2
