// Package graphql is the Storefront GraphQL API: what headless storefronts
// and scripts of pages ask on behalf of shoppers. It turns requests into
// calls of the domain packages and their faults into the typed errors of the
// schema in api/storefront.graphql, from which package gen is generated.
package graphql

//go:generate go tool -modfile=../../tools/go.mod gqlgen generate --config gqlgen.yml

import (
	"maps"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/graphql/gen"
	"clientele/internal/recaptcha"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/sso"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/visit"
	"clientele/internal/wishlist"
)

// Config is what a Server needs.
type Config struct {
	System *system.System
	// Pipeline takes each request from the router to the log.
	Pipeline    *serve.Pipeline
	Visits      *visit.Visits
	Tokens      *auth.StorefrontTokens
	Stores      *store.Service
	Settings    *setting.Service
	Customers   *customer.Service
	Forms       *form.Service
	Accounts    *account.Service
	Subscribers *subscriber.Service
	Wishlists   *wishlist.Service
	Robots      recaptcha.Robots
	Logins      *sso.Service
	// Metrics may be nil.
	Metrics *Metrics
	// Limits bound what is under way at once.
	Limits Limits
}

// Server answers GraphQL requests.
type Server struct {
	Config
	exec   gqlgen.ExecutableSchema
	schema *ast.Schema
	parsed cache
	places *places
	route  *serve.Route
}

// Path is where requests are answered.
const Path = "/graphql"

// New returns a Server.
func New(c Config) *Server {
	s := &Server{Config: c, places: newPlaces(c.Limits), route: c.Pipeline.Route("", Path)}
	// Answers are not sent in parts. The generated schema belongs to all servers.
	schema := *gen.NewExecutableSchema(gen.Config{}).Schema()
	schema.Directives = maps.Clone(schema.Directives)
	delete(schema.Directives, "defer")
	s.schema = &schema
	s.exec = gen.NewExecutableSchema(gen.Config{Schema: s.schema, Resolvers: &resolvers{s}})
	return s
}
