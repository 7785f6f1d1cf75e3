// Package graphql is the Storefront GraphQL API.
package graphql

//go:generate go tool -modfile=../../tools/go.mod gqlgen generate --config gqlgen.yml
