INSERT INTO session_cards (session_id, moves) VALUES ($1, 1)
ON CONFLICT (session_id) DO UPDATE SET moves = session_cards.moves + 1, trouble = NULL
