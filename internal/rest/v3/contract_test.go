package v3_test

import (
	"testing"

	"clientele/internal/rest"
	"clientele/internal/rest/resttest"
	v3 "clientele/internal/rest/v3"
)

// A surface only declares here; nothing is called.
func surface() *v3.Surface { return v3.New(v3.Services{}) }

func TestContract(t *testing.T) {
	resttest.Contract{Surface: surface(), Lists: v3.Lists(), Except: []string{surface().Prefix() + "/clientele"}}.Check(t)
}

// Writes that create and those that update are what concurrency is capped by.
func TestClassesFollowMethods(t *testing.T) {
	want := map[string]rest.Class{"GET": rest.Plain, "POST": rest.Creating, "PUT": rest.Updating, "DELETE": rest.Plain}
	for _, r := range surface().Routes() {
		if r.Pattern != "/customers" && r.Pattern != "/customers/addresses" {
			continue
		}
		if r.Class != want[r.Method] {
			t.Errorf("%s %s is of class %d, want %d", r.Method, r.Pattern, r.Class, want[r.Method])
		}
	}
}
