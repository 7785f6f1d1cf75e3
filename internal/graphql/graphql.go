// Package graphql is the Storefront GraphQL API: what headless storefronts
// and scripts of pages ask on behalf of shoppers. It turns requests into
// calls of the domain packages and their faults into the typed errors of the
// schema in api/storefront.graphql. Tables have the fields that the service
// knows about; packages document and exec do the rest. An Admin is the GraphQL of
// the management API, made the same way.
package graphql

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/api"
	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/catalog"
	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/entitlement"
	"clientele/internal/form"
	"clientele/internal/graphql/document"
	"clientele/internal/graphql/exec"
	"clientele/internal/idempotency"
	"clientele/internal/instrument"
	"clientele/internal/order"
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
	Products    *catalog.Service
	Orders      *order.Service
	Instruments *instrument.Service
	// Entitlements tell what customers' groups give.
	Entitlements *entitlement.Service
	Companies    *company.Service
	Robots       recaptcha.Robots
	Logins       *sso.Service
	Sync         *sso.Sync
	// Keys keeps the answers to mutations with an Idempotency-Key; nil: the header
	// has no effect.
	Keys *idempotency.Keys
	// Metrics may be nil.
	Metrics *Metrics
	// Limits bound what is under way at once.
	Limits Limits
	// Deadlines say until when servers may use storefront tokens.
	Deadlines auth.Deadlines
}

// Server answers GraphQL requests.
type Server struct {
	Config
	documents *document.Reader
	places    *places
	route     *serve.Route
}

// Path is where requests are answered.
const Path = "/graphql"

// New returns a Server.
func New(c Config) *Server {
	s := &Server{Config: c, places: newPlaces(c.Limits), route: c.Pipeline.Route("", Path).Within(patience)}
	s.documents = document.NewReader(s.readContract)
	return s
}

func (s *Server) readContract() document.Contract {
	schema := loadSchema()
	return document.Contract{Schema: schema, Exec: s.answers(schema), Page: defaultPage}
}

// Examine formats a query and tells what is wrong with it.
func (s *Server) Examine(query string) (formatted string, faults gqlerror.List) {
	return s.documents.Examine(query)
}

// Knows returns which fields of object types the service knows about. The
// others have generic answers.
func Knows() func(object, field string) bool {
	return new(Server).answers(loadSchema()).Knows
}

// answers puts together the tables.
func (s *Server) answers(schema *ast.Schema) *exec.Schema {
	tables := exec.Tables{}
	for _, t := range []exec.Tables{
		s.queryTables(), s.siteTables(), s.formTables(), s.customerTables(), s.wishlistTables(), s.mutationTables(), s.resultTables(), s.syncTables(), s.languageTables(),
		formValueTables(), pageTables(), s.entitlementTables(), s.companyTables(), s.productTables(), s.orderTables(),
		connectionTables[shownProduct]("Product", true), connectionTables[picture]("Image", false), connectionTables[shownOrder]("Orders", true),
		connectionTables[consignment]("OrderShippingConsignment", false), connectionTables[shownLine]("OrderPhysicalLineItem", false),
		connectionTables[bookEntry]("Address", true), connectionTables[customer.ShownMetafield]("Metafield", false),
		connectionTables[companyAddress]("CompanyAddress", false),
		connectionTables[shownList]("Wishlist", false), connectionTables[shop]("Currency", false),
		connectionTables[wish]("WishlistItem", true),
		connectionTables[instrument.Instrument]("StoredPaymentInstrument", false), s.instrumentTables(), // which says more of the connection
	} {
		maps.Copy(tables, t)
	}
	return exec.New(schema, exec.Config{
		Tables: tables, Scalars: scalars, Need: need, Missing: missing, MissingText: "Not found.",
		Kinds: []exec.Kind{
			exec.KindOf((*shop).logo), exec.KindOf(instrumentType), exec.KindOf(formFieldType),
			exec.KindOf(func(e *company.Extra) string { return extraTypes[e.Type] }),
			exec.KindOf(func(*available) string { return "ProductAvailable" }),
			exec.KindOf(func(v *formValue) string { return v.kind }), exec.KindOf(func(p *problem) string { return p.kind }),
			exec.KindOf(func(e *syncError) string { return e.kind }),
		},
		Page: func(args exec.Args) error {
			_, err := window(args)
			return err
		},
	})
}

// missing chooses the error by which mutations of the catalog, carts and the
// like say that there is no such thing.
func missing(errors []string) string {
	for _, part := range []string{"NotFound", "DoesNotExist", "Unexpected", "Generic", "Validation"} {
		if i := slices.IndexFunc(errors, func(name string) bool { return strings.Contains(name, part) }); i >= 0 {
			return errors[i]
		}
	}
	return errors[0]
}

// loadSchema reads the schema. Answers are not sent in parts.
func loadSchema() *ast.Schema {
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "storefront.graphql", Input: string(api.Schema())})
	delete(schema.Directives, "defer")
	return schema
}
