SELECT done_at FROM chores WHERE name = $1
