UPDATE installation SET started_empty = '2026-11-28';
