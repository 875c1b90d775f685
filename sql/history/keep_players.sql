INSERT INTO session_history_players (session_id, user_id, role, team, ladder, tier, division, declared_at)
SELECT p.session_id, p.user_id, p.role, p.team, $3, r.tier, r.division, r.declared_at
FROM session_participants p
LEFT JOIN account_ranks r ON r.account_id = p.account_id AND r.ladder = $3
WHERE p.session_id = $1 AND p.role = $2
ORDER BY p.id
