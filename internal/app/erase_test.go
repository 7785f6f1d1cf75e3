package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Of a customer who was deleted nothing is left in the files of the database,
// once what the history says of them is erased as well.
func TestDeletedDataIsErased(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	seed := filepath.Join(dir, "seed.yaml")
	if err := os.WriteFile(seed, []byte(eventsSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, _ := start(t, func(c *app.Config) { c.Seed, c.Database.Database = seed, "sqlite:"+path })
	u := &surfaces{t: t, s: s}
	// Markers of every size: long ones have pages of their own, which are free
	// afterwards.
	const n = 60
	marker := func(i int) string { return fmt.Sprintf("Quokka%dx", i) }
	email := func(i int) string { return fmt.Sprintf("quokka%dx@example.com", i) }
	for i := range n {
		u.rest("POST /v3/customers", fmt.Sprintf(`[{"email":%q,"first_name":%q,"last_name":"B","company":%[2]q,"phone":%[2]q,"notes":%[3]q,
			"addresses":[{"first_name":%[2]q,"last_name":"B","address1":%[2]q,"city":"C","state_or_province":"","postal_code":"1000","country_code":"DE"}]}]`,
			email(i), marker(i), strings.Repeat(marker(i)+" ", 1+i*5)))
	}
	// What is changed is gone as well.
	u.rest("PUT /v3/customers", `[{"id":1,"first_name":"Wombat","last_name":"Wombat","notes":"`+strings.Repeat("Wombat", 900)+`"}]`)
	u.rest("PUT /v3/customers", `[{"id":1,"first_name":"Jane","last_name":"Doe","notes":""}]`)
	if dbtest.InFile(t, path, "Quokka") == "" || dbtest.InFile(t, path, "Wombat") == "" {
		t.Fatal("it is not there in the first place")
	}
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint(3+i))
	}
	u.rest("DELETE /v3/customers?id:in="+strings.Join(ids, ","), "")
	for _, id := range append(ids, "1") {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			_, err := history.Erase(tx, n, 0, 1000)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, word := range []string{"Wombat", "Quokka", "quokka"} {
		for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			where := dbtest.InFile(t, path, word)
			if where == "" {
				break
			}
			if time.Now().After(end) {
				t.Fatal(where)
			}
		}
	}
}
