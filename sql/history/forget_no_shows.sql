-- Of the oldest, by the numbers of their sessions, those of sessions that were planned for a time before.
DELETE FROM no_shows
WHERE (user_id, session_id) IN (
    SELECT oldest.user_id, oldest.session_id
    FROM (SELECT user_id, session_id, scheduled_time FROM no_shows ORDER BY session_id, user_id LIMIT $2) AS oldest
    WHERE oldest.scheduled_time < $1
)
