SELECT identity, incarnation FROM installation WHERE id = 1
