// Package passwordtest hashes passwords at next to no cost, for tests of
// something else than hashing.
package passwordtest

import (
	"clientele/internal/password"
	"clientele/internal/system"
)

// New returns a Hasher with password.Options.Cheap.
func New(sys *system.System) *password.Hasher {
	return password.NewWith(sys, password.Options{Cheap: true})
}
