-- No index: people are deleted too rarely to pay for one.
UPDATE session_participants SET selected_by = NULL WHERE selected_by = $1
