INSERT INTO session_cards (session_id, trouble) VALUES ($1, $2)
ON CONFLICT (session_id) DO UPDATE SET trouble = excluded.trouble
WHERE session_cards.trouble IS NULL
    OR (excluded.trouble = '"channel_gone"' AND session_cards.trouble <> excluded.trouble)
