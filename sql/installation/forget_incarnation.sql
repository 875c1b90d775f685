UPDATE installation SET incarnation = NULL WHERE id = 1
