package seed_test

import (
	"testing"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Hashes of other systems are accepted as passwords and replaced when the
// password is first seen.
func TestPasswordHashes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Change: func(c *app.Config) { c.Parts.Passwords = password.Options{} }})
		if _, err := apply(t, w, `
stores:
- hash: shop
  customers:
  - {id: 1, email: a@example.com, first_name: A, last_name: B, password_hash: "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"}
  - {id: 2, email: b@example.com, first_name: A, last_name: B, password_hash: {format: prestashop, hash: f0fda58630310a6dd91a7d8f0a4ceda2, salt: "4225637426"}}
`); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"a@example.com", "b@example.com"} {
			before := ""
			for i := range 3 {
				l, err := w.Shoppers.Login(t.Context(), 1, account.Credentials{Email: email, Password: "hashcat"})
				if err != nil || l.CustomerID == 0 {
					t.Fatalf("%s: %+v, %v", email, l, err)
				}
				if i > 0 && l.PasswordHash != before {
					t.Errorf("%s: hashed again: %s", email, l.PasswordHash)
				}
				before = l.PasswordHash
			}
			if len(before) < 20 || before[:10] != "$argon2id$" {
				t.Errorf("%s: %s", email, before)
			}
		}
	})
	for _, bad := range []string{
		`password_hash: hunter2`, `password_hash: {hash: x, pepper: y}`, `password_hash: [x]`, `password_hash: {format: rot13, hash: x}`,
		`password_hash: "$2a$31$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"`, `password: Secret-123, password_hash: "$1$28772684$iEwNOgGugqO9.bIz5sk8k/"`,
	} {
		w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
		if _, err := apply(t, w, "stores:\n- hash: shop\n  customers:\n  - {email: a@example.com, first_name: A, last_name: B, "+bad+"}\n"); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
