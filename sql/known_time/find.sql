SELECT last_at, confirmed_at FROM known_time WHERE id = 1
