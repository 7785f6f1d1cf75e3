package devtools

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/internal/fault"
	"clientele/internal/state"
)

// SnapshotType is the media type of snapshots as files.
const SnapshotType = "application/vnd.clientele.snapshot"

// keepable is what a reset may keep.
var keepable = []string{"clock", "faults", "journal"}

// stateRoutes are those by which tests replace what stores hold.
func (c *Control) stateRoutes() []route {
	return []route{
		{http.MethodPost, "/reset", c.reset, true},
		{http.MethodGet, "/snapshots", c.snapshots, false},
		{http.MethodGet, "/snapshots/{name}", c.downloadSnapshot, false},
		{http.MethodPut, "/snapshots/{name}", c.putSnapshot, false},
		{http.MethodDelete, "/snapshots/{name}", c.deleteSnapshot, false},
		{http.MethodPost, "/snapshots/{name}/restore", c.restoreSnapshot, true},
		{http.MethodPost, "/stores", c.makeStore, false},
		{http.MethodDelete, "/stores/{hash}", c.deleteStore, true},
	}
}

// SnapshotStatus is what there is of a snapshot.
type SnapshotStatus struct {
	Name    string    `json:"name"`
	Created time.Time `json:"date_created"`
	Stores  []string  `json:"stores"`
	Size    int64     `json:"size"` // bytes
}

func snapshotStatus(s *state.Snapshot) SnapshotStatus {
	return SnapshotStatus{s.Name, time.Unix(s.Created, 0).UTC(), slices.Concat([]string{}, s.Stores), s.Size}
}

// took tells how long something took.
type took struct {
	Milliseconds float64 `json:"took_ms"`
}

// timed runs fn and tells how long it took, to the hundredth of a millisecond.
func (c *Control) timed(fn func() error) (took, error) {
	start := c.Pipeline.System.Elapsed()
	err := fn()
	return took{float64((c.Pipeline.System.Elapsed()-start)/(10*time.Microsecond)) / 100}, err
}

// named are stores that a request names; none stands for all.
type named struct {
	Stores *[]string `json:"stores"`
}

// hashes returns the stores, or nil for all. An empty list is taken for a mistake.
func (n *named) hashes() ([]string, error) {
	if n.Stores == nil {
		return nil, nil
	}
	if len(*n.Stores) == 0 || slices.Contains(*n.Stores, "") {
		return nil, fault.New(fault.Invalid, "stores: name a store, or leave the member out for all")
	}
	return *n.Stores, nil
}

// decodeOptional is decode of a body that need not be there.
func (c *Control) decodeOptional(w http.ResponseWriter, r *http.Request, out any) error {
	text, err := c.body(w, r)
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return err
	}
	return object(text, out)
}

func (c *Control) reset(w http.ResponseWriter, r *http.Request) (any, error) {
	var in struct {
		named
		To   string   `json:"to"`
		Keep []string `json:"keep"`
	}
	if err := c.decodeOptional(w, r, &in); err != nil {
		return nil, err
	}
	stores, err := in.hashes()
	if err != nil {
		return nil, err
	}
	for _, k := range in.Keep {
		if !slices.Contains(keepable, k) {
			return nil, fault.New(fault.Invalid, "keep: want some of "+strings.Join(keepable, ", "))
		}
	}
	to := c.State.Reset
	switch in.To {
	case "", "baseline":
	case "empty":
		to = c.State.Empty
	default:
		return nil, fault.New(fault.Invalid, "to: want baseline or empty")
	}
	return c.timed(func() error {
		if err := to(r.Context(), stores); err != nil {
			return err
		}
		keeps := func(name string) bool { return slices.Contains(in.Keep, name) }
		if stores == nil && !keeps("clock") { // it is the clock of all
			c.Clock.Restore()
		}
		for _, fn := range c.Resets {
			fn(stores, keeps)
		}
		return nil
	})
}

func (c *Control) snapshots(_ http.ResponseWriter, r *http.Request) (any, error) {
	out, err := c.listSnapshots(r)
	return map[string]any{"snapshots": out}, err
}

func (c *Control) listSnapshots(r *http.Request) ([]SnapshotStatus, error) {
	all, err := c.State.Snapshots(r.Context())
	out := make([]SnapshotStatus, len(all))
	for i := range all {
		out[i] = snapshotStatus(&all[i])
	}
	return out, err
}

func (c *Control) downloadSnapshot(w http.ResponseWriter, r *http.Request) (any, error) {
	file, err := c.State.File(r.Context(), chi.URLParam(r, "name"))
	return &reply{kind: SnapshotType, body: file}, err
}

// named reads of which stores a request is: nil for all.
func (c *Control) named(w http.ResponseWriter, r *http.Request) ([]string, error) {
	var in named
	if err := c.decodeOptional(w, r, &in); err != nil {
		return nil, err
	}
	return in.hashes()
}

func (c *Control) putSnapshot(w http.ResponseWriter, r *http.Request) (any, error) {
	name := chi.URLParam(r, "name")
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == SnapshotType {
		file, err := c.body(w, r)
		if err != nil {
			return nil, err
		}
		made, err := c.State.Load(r.Context(), name, file)
		if err != nil {
			return nil, err
		}
		return snapshotStatus(made), nil
	}
	stores, err := c.named(w, r)
	if err != nil {
		return nil, err
	}
	made, err := c.State.Save(r.Context(), name, stores)
	if err != nil {
		return nil, err
	}
	return snapshotStatus(made), nil
}

func (c *Control) deleteSnapshot(_ http.ResponseWriter, r *http.Request) (any, error) {
	return &reply{status: http.StatusNoContent}, c.State.Delete(r.Context(), chi.URLParam(r, "name"))
}

func (c *Control) restoreSnapshot(w http.ResponseWriter, r *http.Request) (any, error) {
	stores, err := c.named(w, r)
	if err != nil {
		return nil, err
	}
	return c.timed(func() error { return c.State.Restore(r.Context(), chi.URLParam(r, "name"), stores) })
}

// madeStore is a store for one test.
type madeStore struct {
	Hash       string          `json:"store_hash"`
	Management string          `json:"management_url"`
	Storefront string          `json:"storefront_url"`
	Accounts   []state.Account `json:"accounts"`
}

func (c *Control) makeStore(w http.ResponseWriter, r *http.Request) (any, error) {
	var in struct {
		From string `json:"from"`
		Hash string `json:"hash"`
	}
	if err := c.decode(w, r, &in); err != nil {
		return nil, err
	}
	if in.From == "" {
		return nil, fault.New(fault.Invalid, `from: want the hash of a store, or "snapshot:NAME"`)
	}
	made, err := c.State.Clone(r.Context(), in.From, in.Hash)
	if err != nil {
		return nil, err
	}
	out := madeStore{Hash: made.Hash, Accounts: slices.Concat([]state.Account{}, made.Accounts)}
	out.Management, out.Storefront, err = c.World.Reached(r, made.Hash)
	return &reply{status: http.StatusCreated, value: out}, err
}

func (c *Control) deleteStore(_ http.ResponseWriter, r *http.Request) (any, error) {
	return &reply{status: http.StatusNoContent}, c.State.Drop(r.Context(), chi.URLParam(r, "hash"))
}
