-- The first of the last $2 + 1 days up to $1 on which the bot ran.
SELECT day FROM days_run WHERE day <= $1 ORDER BY day DESC LIMIT 1 OFFSET $2
