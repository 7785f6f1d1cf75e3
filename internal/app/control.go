package app

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"clientele/api"
	"clientele/internal/devtools"
	"clientele/internal/intake"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// access says who comes to what exists in development mode alone.
func (s *Server) access() *devtools.Access {
	return &devtools.Access{Token: s.cfg.ControlToken, Names: append([]string{strings.TrimPrefix(strings.TrimPrefix(origin(s.URL), "https://"), "http://")}, s.cfg.StorefrontDomains...)}
}

// newControl returns what has tests control this server, or nil where its clock
// is none that can be moved.
func (s *Server) newControl(access *devtools.Access, bodies *intake.Intake) *devtools.Control {
	if s.cfg.Parts.Clock == nil {
		return nil
	}
	return &devtools.Control{Clock: s.cfg.Parts.Clock, World: world{s}, Pipeline: s.pipe, Access: access, Read: s.readControl(bodies)}
}

// readControl returns what reads the bodies of requests that control the server.
func (s *Server) readControl(bodies *intake.Intake) func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
		body, err := bodies.Read(w, r, intake.Source{Client: controlClient, Most: maxSeed})
		if err != nil {
			return nil, err
		}
		defer body.Free()
		return []byte(string(body.B)), nil
	}
}

const (
	// maxSeed bounds seed files that come over HTTP.
	maxSeed = 16 << 20
	// controlClient shares the memory for bodies as an API account does: a visitor's
	// share is less than maxSeed.
	controlClient = "control"
)

// tally counts attempts at jobs by kind.
type tally struct {
	mu sync.Mutex
	n  map[string]int64
}

func (t *tally) add(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int64{}
	}
	t.n[kind]++
}

func (t *tally) read() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.n)
}

// world is the server as devtools.Control sees it.
type world struct{ s *Server }

var countsOf = sqldb.Static(`SELECT customers, subscribers FROM store_counters WHERE store_id = $1`)

// Status implements devtools.World.
func (w world) Status(ctx context.Context) (devtools.Status, error) {
	out := devtools.Status{Version: api.Version(), Engine: string(w.s.DB.Engine()), Ready: w.s.writes.check() == nil, Stores: []devtools.StoreStatus{}}
	out.RequestStatus = w.s.dev.stage.Status()
	stores, err := w.s.Stores.List(ctx)
	if err != nil {
		return out, err
	}
	for _, st := range stores {
		row := devtools.StoreStatus{Hash: st.Hash}
		if err := w.s.DB.Read(ctx, st.ID, func(tx *sqldb.Tx) error {
			return tx.Query(countsOf, func(r *sqldb.Row) error { row.Customers, row.Subscribers = r.Int(0), r.Int(1); return nil })
		}); err != nil {
			return out, err
		}
		out.Stores = append(out.Stores, row)
	}
	return out, nil
}

// Done implements devtools.World.
func (w world) Done() devtools.Done {
	return devtools.Done{Jobs: w.s.attempts.read(), Deliveries: w.s.Deliveries.Attempts()}
}

// Settle implements devtools.World. A job can make deliveries, and a delivery
// jobs.
func (w world) Settle(ctx context.Context) error {
	for before := w.Done(); ; {
		if _, err := w.s.Jobs.Settle(ctx); err != nil {
			return err
		}
		if err := w.s.Deliveries.Settle(ctx); err != nil {
			return err
		}
		after := w.Done()
		if after.Deliveries == before.Deliveries && maps.Equal(after.Jobs, before.Jobs) {
			return nil
		}
		before = after
	}
}

// NextDue implements devtools.World.
func (w world) NextDue(ctx context.Context) (time.Time, error) {
	at, err := w.s.Jobs.NextDue(ctx)
	if err != nil {
		return time.Time{}, err
	}
	delivery, err := w.s.Deliveries.NextDue(ctx)
	if delivery != 0 && (at == 0 || delivery < at) {
		at = delivery
	}
	if at == 0 {
		return time.Time{}, err
	}
	return time.Unix(at, 0), err
}

// Tasks implements devtools.World.
func (w world) Tasks(ctx context.Context) error { return w.s.Jobs.RunTasks(ctx) }

// Reached implements devtools.World. Whoever asks reaches the server by the host
// of the request, which may be another than that at which it listens.
func (w world) Reached(r *http.Request, storeHash string) (management, storefront string, err error) {
	management, public := w.s.management, w.s.Hosts.Public
	if asked := w.s.asked(r); asked != "" {
		if management = asked; w.s.internal == nil {
			public = asked
		}
	}
	storefront, err = w.s.Hosts.LinkBeside(r.Context(), public, storeHash, store.DefaultChannel)
	return management + "/stores/" + storeHash, storefront, err
}

// asked returns what the addresses begin with by which a request came; empty
// where clients are told another one.
func (s *Server) asked(r *http.Request) string {
	if s.internal == nil && s.cfg.PublicURL != "" || store.HostName(r.Host) == "" {
		return ""
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Apply implements devtools.World.
func (w world) Apply(ctx context.Context, doc *seed.Document) (stores, customers int, err error) {
	a := w.s.Applier(false)
	res, err := a.ApplyWhole(ctx, doc)
	if err != nil {
		return 0, 0, fmt.Errorf("seed: %w", err)
	}
	w.s.Hosts.Forget()
	return res.Stores, res.Customers, nil
}
