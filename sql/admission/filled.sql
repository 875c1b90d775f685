UPDATE sessions SET filled_at = $2 WHERE id = $1 AND filled_at IS NULL
