-- What the person wrote about sessions of a mode that they organise or organised.
UPDATE sessions SET title = $3, description = '' WHERE creator_id = $1 AND game_mode = $2
