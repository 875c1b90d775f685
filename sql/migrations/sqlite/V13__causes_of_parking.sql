-- Why Discord refuses a parked delivery: what has the same cause in the same place is refused together, is
-- tried one at a time, and follows as soon as one goes through.
ALTER TABLE parked_deliveries ADD COLUMN cause TEXT NOT NULL DEFAULT '';
DROP INDEX parked_deliveries_by_place;
CREATE INDEX parked_deliveries_by_cause ON parked_deliveries (guild_id, channel_id, cause);

-- Of which obstacles to a thread or an event the organiser was told, until it comes through.
ALTER TABLE session_threads ADD COLUMN told TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(told));
ALTER TABLE session_events ADD COLUMN told TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(told));

-- Whose place was taken back keeps that after deleting their profile, as who was turned down does: until the
-- session is over, and referring to nobody in users.
CREATE TABLE left_taken_back_kept (
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('tank', 'damage', 'support', 'flex')),
    PRIMARY KEY (session_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO left_taken_back_kept (session_id, user_id, role)
SELECT session_id, user_id, role FROM left_taken_back;
DROP TABLE left_taken_back;
ALTER TABLE left_taken_back_kept RENAME TO left_taken_back;
CREATE INDEX left_taken_back_by_user ON left_taken_back (user_id);
