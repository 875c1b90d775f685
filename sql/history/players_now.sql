SELECT p.user_id, p.role, $3 AS ladder, r.tier, r.division, r.declared_at
FROM session_participants p
LEFT JOIN account_ranks r ON r.account_id = p.account_id AND r.ladder = $3
WHERE p.session_id = $1 AND p.role = $2
ORDER BY p.id
