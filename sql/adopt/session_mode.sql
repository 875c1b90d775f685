SELECT game_mode FROM sessions WHERE id = ?1
