INSERT INTO session_queue (session_id, user_id, preferred_roles, note, joined_at, nick)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (session_id, user_id) DO UPDATE
SET preferred_roles = excluded.preferred_roles, note = excluded.note, nick = excluded.nick
RETURNING id
