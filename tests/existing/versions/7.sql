UPDATE sessions SET remind_at = 40;
