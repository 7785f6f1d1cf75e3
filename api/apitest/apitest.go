// Package apitest holds handlers to the contract in package api: a test gives
// it one exchange after another and hears of everything the document does not
// say.
package apitest

import (
	"testing"

	"clientele/api/contract"
)

// ErrUndeclared is wrapped by the error Check returns for a method and path
// the document does not have.
var ErrUndeclared = contract.ErrUndeclared

// A Validator checks HTTP exchanges against the OpenAPI document. It may be
// used by several goroutines at once.
type Validator = contract.Validator

// An Operation is one method of one path.
type Operation = contract.Operation

// New returns a Validator, and ends the test when the document cannot be used.
func New(t testing.TB) *Validator {
	t.Helper()
	v, err := contract.New()
	if err != nil {
		t.Fatalf("apitest: %v", err)
	}
	return v
}
