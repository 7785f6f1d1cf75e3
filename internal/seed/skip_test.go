package seed_test

import (
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// What has become of one store since keeps a file from being applied to that
// store alone, where the caller wants it so.
func TestSkipStoresThatChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		a := w.Applier(false)
		const file = `stores: [
			{hash: aaa, form_fields: [{name: Size, form: customer, type: text}]},
			{hash: bbb, name: Bee}]`
		if _, err := applyWith(t, a, file); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE form_fields SET type = 'number' WHERE store_id = $1 AND name = 'Size'`))
		}); err != nil {
			t.Fatal(err)
		}
		renamed := strings.Replace(file, "Bee", "Wasp", 1)
		if _, err := applyWith(t, a, renamed); err == nil {
			t.Fatal("a field of another type is taken")
		}
		var skipped []string
		a.Skip = func(hash string, err error) { skipped = append(skipped, hash+": "+err.Error()) }
		if _, err := applyWith(t, a, renamed); err != nil || len(skipped) != 1 || !strings.HasPrefix(skipped[0], "aaa: ") {
			t.Fatalf("%q, %v", skipped, err)
		}
		if st, err := a.Stores.ByHash(t.Context(), "bbb"); err != nil || st.Name != "Wasp" {
			t.Errorf("the other store: %+v, %v", st, err)
		}
		// A file that is wrong in itself, or a store that cannot be made, is not skipped.
		for _, bad := range []string{
			`stores: [{hash: aaa, form_fields: [{name: X, form: customer, type: nonsense}]}]`,
			`stores: [{hash: ccc, channels: [{id: 2, name: X, status: nonsense}]}]`,
		} {
			if _, err := applyWith(t, a, bad); err == nil {
				t.Errorf("%s is skipped", bad)
			}
		}
	})
}
