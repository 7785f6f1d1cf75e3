// Package api is the room where the server's contract is kept: the OpenAPI
// document of every route it serves and the schemas of the GraphQL APIs. Package
// reference shows them to people.
//
// The document in openapi.yaml is written by hand and comes first; handlers
// are held to it by the tests (see package apitest). Everything here is
// embedded, so the reference works without a network.
package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var document []byte

//go:embed storefront.graphql
var schema []byte

//go:embed admin.graphql
var adminSchema []byte

// AdminSchema returns the schema of the management API's GraphQL.
func AdminSchema() []byte { return slices.Clone(adminSchema) }

// Schema returns the schema of the Storefront GraphQL API.
func Schema() []byte { return slices.Clone(schema) }

// YAML returns the OpenAPI document as it was written.
func YAML() []byte {
	return slices.Clone(document)
}

// JSON returns the OpenAPI document as JSON.
func JSON() ([]byte, error) {
	text, err := documentJSON()
	return slices.Clone(text), err
}

var documentJSON = sync.OnceValues(func() ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, fmt.Errorf("api: read openapi.yaml: %w", err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("api: turn openapi.yaml into JSON: %w", err)
	}
	return text, nil
})

// Version is the version of this program and of what it offers. It is written
// down once, in the OpenAPI document.
var Version = sync.OnceValue(func() string {
	var head struct {
		Info struct {
			Version string `yaml:"version"`
		} `yaml:"info"`
	}
	// The document is part of the program (TestDocumentIsValidOpenAPI), and long:
	// what comes behind its head is not read for this.
	text, _, _ := bytes.Cut(document, []byte("\npaths:"))
	if err := yaml.Unmarshal(text, &head); err != nil {
		panic("api: read openapi.yaml: " + err.Error())
	}
	return head.Info.Version
})
