-- Of the oldest, by their numbers, those that were planned for a time before.
DELETE FROM session_history
WHERE session_id IN (
    SELECT oldest.session_id
    FROM (SELECT session_id, scheduled_time FROM session_history ORDER BY session_id LIMIT $2) AS oldest
    WHERE oldest.scheduled_time < $1
)
