SELECT count(*) AS sessions
FROM session_participants p
JOIN sessions s ON s.id = p.session_id AND s.status IN ('COMPLETED', 'CANCELLED')
WHERE p.user_id = $1
