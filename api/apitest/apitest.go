// Package apitest holds handlers to the contract in package api: a test gives
// it one exchange after another and hears of everything the document does not
// say.
package apitest

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"clientele/api"
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
// Its schemas are checked by a library, where the program has a part of one.
func New(t testing.TB) *Validator {
	t.Helper()
	v, err := load()
	if err != nil {
		t.Fatalf("apitest: %v", err)
	}
	return v
}

var load = sync.OnceValues(func() (*Validator, error) {
	text, err := api.JSON()
	if err != nil {
		return nil, err
	}
	return parse(text)
})

// location is the name the document goes by while its schemas are compiled.
const location = "clientele:///openapi.json"

func parse(text []byte) (*Validator, error) {
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(location, tree); err != nil {
		return nil, err
	}
	return contract.Parse(text, func(pointer string) (contract.Schema, error) {
		return compiler.Compile(location + "#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer))
	})
}
