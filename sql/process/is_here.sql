SELECT id FROM processes WHERE id = $1
