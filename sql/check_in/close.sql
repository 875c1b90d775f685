UPDATE sessions SET check_in_opened_for = NULL WHERE id = $1
