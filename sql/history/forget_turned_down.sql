-- Nobody can join a cancelled session any more whose planned end has passed.
DELETE FROM refusals
WHERE EXISTS (
    SELECT 1
    FROM sessions s
    WHERE s.id = refusals.session_id AND s.status = 'CANCELLED'
      AND s.scheduled_time + s.length_minutes * 60 <= $1
)
