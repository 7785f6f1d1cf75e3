package seed_test

import (
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
)

// newWorld returns the program's services, at second 1000.
func newWorld(t *testing.T, db *sqldb.DB) *apptest.World {
	t.Helper()
	return apptest.New(t, db, apptest.Options{Now: time.Unix(1000, 0)})
}

// apply applies a file's text as the program does.
func apply(t *testing.T, w *apptest.World, text string) (seed.Result, error) {
	t.Helper()
	return applyWith(t, w.Applier(false), text)
}

func applyWith(t *testing.T, a *seed.Applier, text string) (seed.Result, error) {
	t.Helper()
	doc, err := seed.Parse([]byte(text))
	if err != nil {
		return seed.Result{}, err
	}
	return a.Apply(t.Context(), doc)
}

// applyTo is apply, and returns the id of a store.
func applyTo(t *testing.T, w *apptest.World, hash, text string) (int64, error) {
	t.Helper()
	if _, err := apply(t, w, text); err != nil {
		return 0, err
	}
	st, err := w.Stores.ByHash(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	return st.ID, nil
}
