INSERT INTO session_prompts VALUES (41, 42, 0, 5, 2, 'offer', 43);
