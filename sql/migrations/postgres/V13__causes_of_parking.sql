-- Why Discord refuses a parked delivery: what has the same cause in the same place is refused together, is
-- tried one at a time, and follows as soon as one goes through.
ALTER TABLE parked_deliveries ADD COLUMN cause TEXT COLLATE "C" NOT NULL DEFAULT '';
DROP INDEX parked_deliveries_by_place;
CREATE INDEX parked_deliveries_by_cause ON parked_deliveries (guild_id, channel_id, cause);

-- Of which obstacles to a thread or an event the organiser was told, until it comes through.
ALTER TABLE session_threads ADD COLUMN told TEXT COLLATE "C" NOT NULL DEFAULT '[]' CHECK (told::json IS NOT NULL);
ALTER TABLE session_events ADD COLUMN told TEXT COLLATE "C" NOT NULL DEFAULT '[]' CHECK (told::json IS NOT NULL);

-- Whose place was taken back keeps that after deleting their profile, as who was turned down does: until the
-- session is over, and referring to nobody in users.
ALTER TABLE left_taken_back DROP CONSTRAINT left_taken_back_user_id_fkey;
