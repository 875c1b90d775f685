INSERT INTO chores (name, done_at) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at
