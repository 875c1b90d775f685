SELECT user_id, role, ladder, tier, division, declared_at
FROM session_history_players
WHERE session_id = $1
ORDER BY id
