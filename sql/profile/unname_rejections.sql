-- They stay rejected, by nobody in particular. No index: people are deleted too rarely to pay for one.
UPDATE session_queue SET rejected_by = 0 WHERE rejected_by = $1
