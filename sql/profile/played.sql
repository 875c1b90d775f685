SELECT (SELECT count(*)
        FROM session_participants p
        JOIN sessions s ON s.id = p.session_id AND s.status IN ('COMPLETED', 'CANCELLED')
        WHERE p.user_id = $1)
     + (SELECT count(*) FROM session_history_players WHERE user_id = $1) AS sessions
