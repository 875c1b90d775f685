-- They stay rejected, by nobody in particular.
UPDATE session_queue SET rejected_by = 0 WHERE rejected_by = $1
