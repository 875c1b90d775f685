-- How many sessions of a server each in a queue has played since a time.
SELECT q.user_id,
       (SELECT count(*)
        FROM session_participants p
        JOIN sessions s ON s.id = p.session_id
        WHERE p.user_id = q.user_id AND s.guild_id = $2 AND s.status = 'COMPLETED' AND s.scheduled_time >= $3)
     + (SELECT count(*)
        FROM session_history_players p
        JOIN session_history s ON s.session_id = p.session_id
        WHERE p.user_id = q.user_id AND s.guild_id = $2 AND s.status = 'COMPLETED' AND s.scheduled_time >= $3)
       AS games
FROM session_queue q
WHERE q.session_id = $1
