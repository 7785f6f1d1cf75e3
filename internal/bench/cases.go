package bench

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"sync/atomic"

	"clientele/internal/jsonx"
)

// Case is one thing to measure.
type Case struct {
	Name  string // what --cases takes
	Title string
	// Floor tells what the server is held against.
	Floor string

	status int
	// same: floor and server must answer with the same data.
	same bool
	// v2: the server answers on its V2 API, without an envelope.
	v2 bool
	// exact: floor and server must answer with the same bytes.
	exact bool
	// writes is the kind of thing that the floor commits, "" for reads, and
	// batch how many of them at once.
	writes string
	batch  int
	// keyed: each request has an idempotency key.
	keyed bool
	// send appends a whole request to the server; without it the case is about
	// customers on the management API.
	send func(g *gen, b []byte) []byte
	// floorStatus is the floor's, where it is another than the server's.
	floorStatus int
	// long: it runs only if it is named.
	long bool
	// floorTarget and serverTarget append what follows the method: the floor's
	// path, and the server's query string.
	floorTarget, serverTarget func(g *gen, b []byte) []byte
	// atLeast is the ratio to reach by engine, "" for all.
	atLeast map[string]float64
}

// Names of cases that others refer to.
const (
	caseGet         = "get"
	casePage        = "page"
	caseEmail       = "email"
	caseCursor      = "cursor"
	caseDeep        = "deep"
	caseIncludes    = "includes"
	caseSubscribers = "subscribers"
	caseValues      = "values"
	caseV2          = "v2"
	caseCreate      = "create"
	caseBatch       = "batch"
	caseNothing     = "nothing"
	caseHooks       = "webhooks"
	caseSignIn      = "signin"
	caseCrowd       = "crowd"
	caseSlow        = "slow-bodies"
	caseGuesses     = "guesses"
	caseLogin       = "login"
	caseSessions    = "sessions"
	caseSnapshot    = "snapshot"
)

// What the floor commits.
const (
	writeCustomers   = "customers"
	writeSubscribers = "subscribers"
	writeSessions    = "sessions"
)

const pageSize = 50

// reads is what reads of the management API are to have of their floors.
var reads = map[string]float64{"sqlite": 0.75, "postgres": 0.8}

// Cases are all there are, in the order in which they run: what writes comes
// last, because it makes the store grow.
var Cases = []*Case{
	{
		Name: caseGet, Title: "Get one by id", Floor: "the row by its key", status: 200, same: true, atLeast: reads,
		floorTarget: func(g *gen, b []byte) []byte { return strconv.AppendInt(append(b, "/one/"...), g.id(), 10) },
		serverTarget: func(g *gen, b []byte) []byte {
			return strconv.AppendInt(append(b, "?id:in="...), g.id(), 10)
		},
	},
	{
		Name: casePage, Title: "Page of 50", Floor: "the rows, newest first", status: 200, same: true, atLeast: reads,
		floorTarget:  func(_ *gen, b []byte) []byte { return append(b, "/page"...) },
		serverTarget: func(_ *gen, b []byte) []byte { return append(b, "?limit=50"...) },
	},
	{
		Name: caseIncludes, Title: "Page of 50, all includes", Floor: "the rows, then one range per include", status: 200, same: true, atLeast: reads,
		floorTarget: func(_ *gen, b []byte) []byte { return append(b, "/includes"...) },
		serverTarget: func(_ *gen, b []byte) []byte {
			return append(b, "?limit=50&include=addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids"...)
		},
	},
	{
		Name: caseEmail, Title: "Filter by email", Floor: "a join from the email", status: 200, same: true, atLeast: reads,
		floorTarget:  func(g *gen, b []byte) []byte { return appendEmail(append(b, "/email/"...), g.id()) },
		serverTarget: func(g *gen, b []byte) []byte { return appendEmail(append(b, "?email:in="...), g.id()) },
	},
	{
		Name: "like", Title: "Names that contain a text", Floor: "50 rows and the count of all", status: 200, same: true, atLeast: reads,
		floorTarget:  func(g *gen, b []byte) []byte { return append(append(b, "/like/"...), g.fragment()...) },
		serverTarget: func(g *gen, b []byte) []byte { return append(append(b, "?limit=50&name:like="...), g.fragment()...) },
	},
	{
		Name: caseCursor, Title: "Deep page by cursor", Floor: "50 rows below a key", status: 200, same: true, atLeast: reads,
		floorTarget: func(g *gen, b []byte) []byte { return strconv.AppendInt(append(b, "/after/"...), g.deep(), 10) },
		serverTarget: func(g *gen, b []byte) []byte {
			var raw [32]byte
			cursor := append(strconv.AppendInt(append(raw[:0], `{"id":`...), g.deep(), 10), '}')
			return base64.RawURLEncoding.AppendEncode(append(b, "?limit=50&after="...), cursor)
		},
	},
	{
		Name: caseSubscribers, Title: "Page of 50 subscribers", Floor: "the rows, oldest first", status: 200, same: true, atLeast: reads,
		floorTarget:  func(_ *gen, b []byte) []byte { return append(b, "/subscribers"...) },
		serverTarget: func(_ *gen, b []byte) []byte { return append(b, "/subscribers?limit=50"...) },
	},
	{
		Name: caseValues, Title: "Page of 50 attribute values", Floor: "50 rows and the kept total", status: 200, same: true, atLeast: reads,
		floorTarget:  func(_ *gen, b []byte) []byte { return append(b, "/values"...) },
		serverTarget: func(_ *gen, b []byte) []byte { return append(b, "/attribute-values?limit=50"...) },
	},
	{
		Name: caseV2, Title: "Page of 50 on V2", Floor: "the rows, then the range of form fields", status: 200, same: true, v2: true, atLeast: reads,
		floorTarget:  func(_ *gen, b []byte) []byte { return append(b, "/v2"...) },
		serverTarget: func(_ *gen, b []byte) []byte { return append(b, "?limit=50"...) },
	},
	{
		Name: caseDeep, Title: "Last page by number", Floor: "page 1, as nothing in SQL jumps to a page", status: 200, atLeast: reads,
		floorTarget: func(_ *gen, b []byte) []byte { return append(b, "/page"...) },
		serverTarget: func(g *gen, b []byte) []byte {
			return strconv.AppendInt(append(b, "?limit=50&page="...), (g.customers+pageSize-1)/pageSize, 10)
		},
	},
	{
		Name: caseNothing, Title: "Check the token, do nothing", Floor: "net/http alone", status: 204, atLeast: map[string]float64{"": 0.65},
		floorTarget:  func(_ *gen, b []byte) []byte { return append(b, "/nothing"...) },
		serverTarget: func(_ *gen, b []byte) []byte { return b },
	},
	{
		Name: "current", Title: "Who is signed in, as a signed token", Floor: "the session with its customer, signed", status: 200, send: sendCurrent, atLeast: reads,
		floorTarget: func(g *gen, b []byte) []byte { return append(append(b, "/session/"...), g.session()...) },
	},
	{
		Name: "gql-account", Title: "GraphQL: customer and addresses", Floor: "the row and the range of addresses", status: 200, same: true, exact: true, send: sendShopperQuery, atLeast: map[string]float64{"": 0.6},
		floorTarget: func(g *gen, b []byte) []byte { return strconv.AppendInt(append(b, "/shopper/"...), g.id(), 10) },
	},
	{
		Name: "gql-register", Title: "GraphQL: settings and form fields", Floor: "the row of settings and the range of fields", status: 200, send: sendSettingsQuery, atLeast: map[string]float64{"": 0.5},
		floorTarget: func(_ *gen, b []byte) []byte { return append(b, "/settings"...) },
	},
	{
		Name: caseSignIn, Title: "Sign in with a password", Floor: "the hash alone, one per core at a time", status: 303, send: sendSignIn, floorStatus: 204,
		floorTarget: func(_ *gen, b []byte) []byte { return append(b, "/hash"...) },
	},
	{
		Name: "gql-login", Title: "GraphQL: sign in with a password", Floor: "the hash alone, one per core at a time", status: 200, send: sendLoginQuery, floorStatus: 204,
		floorTarget: func(_ *gen, b []byte) []byte { return append(b, "/hash"...) },
	},
	{Name: caseSlow, Title: "Change a customer beside slow bodies", long: true, status: 200, send: sendChunked},
	{Name: caseHistory, Title: "Create a customer with and without its entry of the history", long: true},
	{Name: caseTransfer, Title: "Import a file of customers", long: true},
	{Name: caseSearch, Title: "Find a customer by misspelled words", long: true},
	{Name: caseSegments, Title: "Segments with a rule", long: true},
	{Name: casePanel, Title: "Pages of the control panel", long: true},
	{Name: caseControl, Title: "What tests ask of development mode", long: true},
	{Name: caseLists, Title: "Every filter and order of every list", long: true},
	{Name: caseCrowd, Title: "Sign in with a password, by more and more at once", long: true},
	{Name: caseGuesses, Title: "Sign in with a password while others guess", long: true},
	{Name: caseSessions, Title: "Sign in by a login token, among many sessions", long: true},
	{Name: caseSnapshot, Title: "Create one, beside an old snapshot", long: true},
	{
		Name: caseLogin, Title: "Sign in by a login token", Floor: "one commit per session, no HTTP", status: 302, send: sendLogin, writes: writeSessions, batch: 1,
		atLeast: map[string]float64{"sqlite": 0.7, "postgres": 0.45},
	},
	{
		Name: "subscribe", Title: "Subscribe on the storefront", Floor: "one commit per subscriber, no HTTP", status: 200, send: sendSubscribe, writes: writeSubscribers, batch: 1, atLeast: map[string]float64{"": 0.4},
	},
	{
		Name: caseCreate, Title: "Create one, with an address", Floor: "one commit per customer, no HTTP", status: 200, writes: writeCustomers, batch: 1,
		atLeast: map[string]float64{"sqlite": 3, "postgres": 0.7},
	},
	{
		Name: "create-keyed", Title: "Create one, with an idempotency key", Floor: "one commit per customer, no HTTP", status: 200, writes: writeCustomers, batch: 1, keyed: true,
	},
	{
		Name: caseBatch, Title: "Create ten, with addresses", Floor: "one commit per ten, no HTTP", status: 200, writes: writeCustomers, batch: 10,
		atLeast: map[string]float64{"sqlite": 2.5, "postgres": 0.6},
	},
	{Name: caseHooks, Title: "Create one, with a webhook"},
}

// gen draws what requests ask for. Floor and server get the same sequences.
type gen struct {
	customers int64 // of each store
	stores    int
	rng       *rand.Rand
	client    int
	shop      *shop
}

func (b *bencher) gen(customers int64, run, client int) *gen {
	return &gen{customers: customers, stores: 1, rng: rand.New(rand.NewPCG(uint64(run), uint64(client))), client: client, shop: b.shop}
}

func (g *gen) id() int64 { return 1 + g.rng.Int64N(g.customers) }

// deep is an id in the last tenth of the list that has a full page after it.
func (g *gen) deep() int64 {
	return pageSize + 1 + g.rng.Int64N(max(1, g.customers/10-pageSize))
}

var fragments = []string{"an", "mar", "er", "son"}

func (g *gen) fragment() string { return fragments[g.rng.IntN(len(fragments))] }

const (
	serverPath = "/stores/" + storeHash + "/v3/customers"
	plainPath  = "/stores/" + storeHash + "/v2/customers"
)

// store draws a store, the first of which has the number 0.
func (g *gen) store() int {
	if g.stores == 1 {
		return 0
	}
	return g.rng.IntN(g.stores)
}

// toFloor returns one client's requests to the floor.
func (c *Case) toFloor(g *gen) requester {
	return func(b []byte) []byte {
		b = c.floorTarget(g, append(b, "GET "...))
		return append(b, " HTTP/1.1\r\nHost: localhost\r\n\r\n"...)
	}
}

// toServer returns one client's requests to the server.
func (c *Case) toServer(g *gen) requester {
	const (
		start = " HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: "
		end   = "\r\nAccept: application/json\r\n"
	)
	paths, tokens := make([]string, g.stores), make([]string, g.stores)
	for i := range paths {
		if paths[i], tokens[i] = storePath(i), tokenOf(i); c.v2 {
			paths[i] = plainPath
		}
	}
	if c.send != nil {
		return func(b []byte) []byte { return c.send(g, b) }
	}
	if c.batch > 0 {
		var body []byte
		return func(b []byte) []byte {
			body = appendCustomers(body[:0], c.batch)
			store := g.store()
			b = append(append(append(b, "POST "...), paths[store]...), start...)
			b = append(append(b, tokens[store]...), end...)
			if c.keyed {
				b = append(strconv.AppendInt(append(b, "Idempotency-Key: bench-"...), keys.Add(1), 10), "\r\n"...)
			}
			b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
			b = strconv.AppendInt(b, int64(len(body)), 10)
			return append(append(b, "\r\n\r\n"...), body...)
		}
	}
	method := "GET "
	if c.status == 204 {
		method = "DELETE "
	}
	return func(b []byte) []byte {
		store := g.store()
		b = c.serverTarget(g, append(append(b, method...), paths[store]...))
		return append(append(append(b, start...), tokens[store]...), end+"\r\n"...)
	}
}

// keys numbers the idempotency keys.
var keys atomic.Int64

// created numbers the people that are made while measuring, far above those
// that were loaded.
var created atomic.Int64

// appendCustomers appends the body that creates n new people.
func appendCustomers(b []byte, n int) []byte {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		p := person(farAbove + created.Add(1))
		b = append(b, `{"email":`...)
		b = jsonx.AppendString(b, p.Email)
		b = appendTexts(b, "first_name", p.FirstName, "last_name", p.LastName, "company", p.Company, "phone", p.Phone)
		b = append(b, `,"addresses":[{"address_type":`...)
		a := &p.Addresses[0].AddressFields
		b = jsonx.AppendString(b, a.Type)
		b = appendTexts(b, "first_name", a.FirstName, "last_name", a.LastName, "company", a.Company, "phone", a.Phone, "address1", a.Address1,
			"city", a.City, "state_or_province", a.StateOrProvince, "postal_code", a.PostalCode, "country_code", a.CountryCode)
		b = append(b, `}]}`...)
	}
	return append(b, ']')
}

func appendTexts(b []byte, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		b = jsonx.AppendKey(append(b, ','), pairs[i])
		b = jsonx.AppendString(b, pairs[i+1])
	}
	return b
}
