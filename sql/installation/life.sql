SELECT identity, started_empty FROM installation WHERE id = 1
