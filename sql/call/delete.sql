DELETE FROM session_calls WHERE id = $1
