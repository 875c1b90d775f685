DELETE FROM processes WHERE id = $1 AND beats = $2
