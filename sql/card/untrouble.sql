UPDATE session_cards SET trouble = NULL WHERE session_id = $1 AND trouble <> '"channel_gone"'
