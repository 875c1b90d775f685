-- Deliveries that Discord refuses for a reason that may pass, and the place where it does. The row of the
-- outbox says when the next try is due.
CREATE TABLE parked_deliveries (
    outbox_id  BIGINT PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    guild_id   BIGINT NOT NULL,                                 -- 0: not known
    channel_id BIGINT NOT NULL,
    tries      BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX parked_deliveries_by_place ON parked_deliveries (guild_id, channel_id);

-- What there is to know of a session's card besides its message.
CREATE TABLE session_cards (
    session_id BIGINT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    moves      BIGINT NOT NULL DEFAULT 0,                        -- how often it went to another channel
    trouble    TEXT COLLATE "C" CHECK (trouble IS NULL OR trouble::json IS NOT NULL) -- why it cannot be shown; NULL: it can
);
