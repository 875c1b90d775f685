UPDATE installation SET incarnation = $1 WHERE id = 1 AND incarnation IS NULL
