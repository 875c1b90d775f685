SELECT u.discord_id AS user_id, u.preferred_roles
FROM session_queue q
JOIN users u ON u.discord_id = q.user_id
WHERE q.session_id = $1
