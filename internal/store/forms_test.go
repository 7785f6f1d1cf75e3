package store_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// A new store's built-in form fields are those that the migrations gave to
// the stores of their time, but for two labels: stores keep the one they began
// with.
func TestBuiltInFormFieldsAgree(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, e)
			st, err := store.NewService(db, system.Real()).Create(t.Context(), "", "", "")
			if err != nil {
				t.Fatal(err)
			}
			ms, err := sqldb.Migrations(e)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, m := range ms {
				want = append(want, formRows.FindAllString(relabelled.Replace(m.SQL), -1)...)
			}
			var got []string
			if err := db.Read(t.Context(), st.ID, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT '(' || CAST(id AS TEXT) || ', ''' || form || ''', ''' || name || ''', ''' || name_norm || ''', ''' || type || ''', ' || CAST(required AS TEXT) || ', ''' || options || ''')'
					FROM form_fields WHERE store_id = $1 ORDER BY id`), func(r *sqldb.Row) error {
					got = append(got, r.Text(0))
					return nil
				})
			}); err != nil {
				t.Fatal(err)
			}
			if len(want) != 15 || !slices.Equal(got, want) {
				t.Errorf("a new store has\n%q, the migrations\n%q", got, want)
			}
		})
	}
}

var relabelled = strings.NewReplacer(`"label":"City"`, `"label":"Suburb/City"`, `"label":"Postal Code"`, `"label":"Zip/Postcode"`)

var formRows = regexp.MustCompile(`\(\d+, '(?:customer|address)', '\w+', ' \w+', .*'\)`)
