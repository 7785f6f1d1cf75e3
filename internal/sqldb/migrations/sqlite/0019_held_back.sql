-- What an operator is told of attempts that are held back.

-- Whose account the passwords were tried on; 0: nobody's, or not noted.
ALTER TABLE sign_in_failures ADD COLUMN customer_id INTEGER NOT NULL DEFAULT 0;
-- The network whose guesses count apart, while the bound is reached; else ''.
ALTER TABLE sign_in_failures ADD COLUMN network TEXT NOT NULL DEFAULT '';

-- What was tried, and how often it may be; 0: not noted.
ALTER TABLE attempt_windows ADD COLUMN action TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt_windows ADD COLUMN bound INTEGER NOT NULL DEFAULT 0;
-- The network that tried, while the bound is reached; else ''.
ALTER TABLE attempt_windows ADD COLUMN network TEXT NOT NULL DEFAULT '';
