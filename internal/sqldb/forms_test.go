package sqldb_test

import (
	"slices"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Form fields and values that were stored before there were built-in fields
// move on together.
func TestFormMigrationKeepsValues(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.DSN(t, e)
			db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.MigrateFirst(t.Context(), 1, dbtest.Now); err != nil {
				t.Fatal(err)
			}
			err = db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
				for _, text := range []string{
					`INSERT INTO stores (id, hash, name, date_created) VALUES ($1, 'abc', 'Shop', 77)`,
					`INSERT INTO store_counters (store_id, form_field_id) VALUES ($1, 40)`,
					`INSERT INTO customers (store_id, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id, registration_ip_address, accepts_emails, store_credit, origin_channel_id, channel_ids, password_hash, force_password_reset, date_created, date_modified, name_norm, last_name_norm, company_norm, phone_norm)
						VALUES ($1, 5, '', '', '', '', '', '', '', 0, '', 0, 0, 1, '', '', 0, 1, 1, '', '', '', '')`,
					`INSERT INTO addresses (store_id, id, customer_id, first_name, last_name, company, phone, address_type, address1, address2, city, state_or_province, postal_code, country_code, fingerprint, name_norm, company_norm)
						VALUES ($1, 9, 5, '', '', '', '', '', '', '', '', '', '', '', '', '', '')`,
					`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified)
						VALUES ($1, 1, 'customer', 'A', 'a', 'text', 0, '{}', 1, 1), ($1, 26, 'address', 'B', 'b', 'text', 0, '{}', 1, 1), ($1, 40, 'address', 'Zip', 'zip', 'text', 0, '{}', 1, 1)`,
					`INSERT INTO customer_form_values (store_id, customer_id, field_id, value) VALUES ($1, 5, 1, '"one"')`,
					`INSERT INTO address_form_values (store_id, address_id, field_id, value) VALUES ($1, 9, 26, '"two"'), ($1, 9, 40, '"three"')`,
				} {
					if err := tx.Exec(sqldb.Dynamic(text)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			db.Close()

			db = dbtest.OpenDSN(t, dsn)
			rows := func(text string) (out []string) {
				t.Helper()
				if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
					return tx.Query(sqldb.Dynamic(text), func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil })
				}); err != nil {
					t.Fatal(err)
				}
				return out
			}
			var got []string
			for _, form := range []string{"customer", "address"} {
				got = append(got, rows(`SELECT f.name || ' ' || CAST(f.id AS TEXT) || ' ' || v.value || ' ' || CAST(v.`+form+`_id AS TEXT) || ' ' || CAST(v.session_id AS TEXT)
					FROM `+form+`_form_values v JOIN form_fields f ON f.store_id = v.store_id AND f.id = v.field_id WHERE v.store_id = $1 ORDER BY v.field_id`)...)
			}
			if want := []string{`A 26 "one" 5 10`, `B 51 "two" 9 19`, `Zip 65 "three" 9 19`}; !slices.Equal(got, want) {
				t.Errorf("values are %q, want %q", got, want)
			}
			if got := rows(`SELECT CAST(form_field_id AS TEXT) FROM store_counters WHERE store_id = $1`); !slices.Equal(got, []string{"65"}) {
				t.Errorf("the last field is %v, want 65", got)
			}
			const fields = `SELECT CAST(id AS TEXT) || form || name || name_norm || type || CAST(required AS TEXT) || options FROM form_fields WHERE store_id = $1 AND id <= 25 ORDER BY id`
			if got := rows(fields); len(got) != 15 {
				t.Errorf("there are %d built-in fields", len(got))
			}
		})
	}
}
