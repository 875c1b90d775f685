UPDATE session_participants SET selected_by = NULL WHERE selected_by = $1
