-- What is asked for all the time is found by an index, however much there is.

-- When somebody is to be reminded of a session, at the earliest; NULL: nobody is. It may be too early, when
-- whoever it was for has left: the clock looks then, and works it out anew. It is never too late.
ALTER TABLE sessions ADD COLUMN remind_at BIGINT;

UPDATE sessions
SET remind_at = (
    SELECT min(sessions.scheduled_time - u.reminder_minutes * 60)
    FROM session_queue q
    JOIN users u ON u.discord_id = q.user_id
    LEFT JOIN reminders r
        ON r.session_id = q.session_id AND r.user_id = q.user_id
        AND r.scheduled_time = sessions.scheduled_time
    WHERE q.session_id = sessions.id
      AND q.rejected_by IS NULL
      AND sessions.scheduled_time - u.reminder_minutes * 60 > q.joined_at
      AND r.session_id IS NULL
)
WHERE status IN ('OPEN', 'CLOSED');

CREATE INDEX sessions_by_reminder ON sessions (remind_at)
    WHERE status IN ('OPEN', 'CLOSED') AND remind_at IS NOT NULL;
CREATE INDEX sessions_by_start ON sessions (scheduled_time) WHERE status IN ('OPEN', 'CLOSED');
CREATE INDEX sessions_by_end ON sessions ((scheduled_time + length_minutes * 60)) WHERE status = 'STARTED';
CREATE INDEX sessions_by_check_in ON sessions ((scheduled_time - check_in_minutes * 60))
    WHERE status IN ('OPEN', 'CLOSED')
      AND check_in_minutes > 0
      AND (check_in_opened_for IS NULL OR check_in_opened_for <> scheduled_time);
-- Nobody asks for these together any more.
DROP INDEX sessions_alive_by_time;

-- What is over in a server and not in the history yet.
CREATE INDEX sessions_over_by_guild ON sessions (guild_id, scheduled_time)
    WHERE status IN ('COMPLETED', 'CANCELLED');

-- An offer ends with its session at the latest; these had not.
UPDATE place_offers
SET state = 'silent'
WHERE state = 'open'
  AND EXISTS (
      SELECT 1
      FROM session_queue q
      JOIN sessions s ON s.id = q.session_id
      WHERE q.id = place_offers.queue_id AND s.status IN ('COMPLETED', 'CANCELLED')
  );

-- Only what is claimed is looked for by its claim; who looks for the rest goes by when it is due.
DROP INDEX outbox_by_claim;
CREATE INDEX outbox_by_claim ON outbox (claimed_by) WHERE claimed_by IS NOT NULL;

-- Who deletes their profile holds nobody up by it.
CREATE INDEX reminders_by_user ON reminders (user_id);
CREATE INDEX session_queue_by_rejecter ON session_queue (rejected_by) WHERE rejected_by IS NOT NULL;
CREATE INDEX session_participants_by_selector ON session_participants (selected_by)
    WHERE selected_by IS NOT NULL;
CREATE INDEX session_log_by_actor ON session_log (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX session_log_by_subject ON session_log (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX session_log_by_other ON session_log (other_id) WHERE other_id IS NOT NULL;
CREATE INDEX session_thread_members_by_user ON session_thread_members (user_id);
