INSERT INTO receipts (interaction_id, command, answer, created_at) VALUES ($1, $2, $3, $4)
