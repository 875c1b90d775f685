DELETE FROM session_prompts WHERE message_id = $1
