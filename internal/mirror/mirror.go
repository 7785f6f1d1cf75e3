// Package mirror keeps a store in line with one elsewhere, which goes on selling:
// everything is copied by the documented API with its ids, and then followed. How
// far a mirror has come is stored with each thing that it copies, so that one that is
// cut off goes on where it was. What may be stored is decided by the packages whose
// tables it goes to.
package mirror

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/upstream"
)

// Phase is what a mirror does.
type Phase string

// The phases, in their order.
const (
	CopyCustomers   Phase = "customers"
	CopySubscribers Phase = "subscribers"
	CopyMetafields  Phase = "metafields"
	Following       Phase = "following"
)

// Counts are what a mirror has done.
type Counts struct {
	Created  int64 `json:"created"`
	Changed  int64 `json:"changed"`
	Removed  int64 `json:"removed"`
	Rejected int64 `json:"rejected"`
	Kept     int64 `json:"kept_unsubscribed"`
}

func (c *Counts) add(created, changed, removed int) {
	c.Created += int64(created)
	c.Changed += int64(changed)
	c.Removed += int64(removed)
}

// Problem is something that could not be copied as it is.
type Problem struct {
	Kind    string `json:"kind"`
	ID      int64  `json:"id"`
	Message string `json:"message"`
	At      int64  `json:"at"`
}

// maxProblems is how many problems are kept: the latest.
const maxProblems = 50

// Progress is how far a mirror has come.
type Progress struct {
	Phase  Phase  `json:"phase"`
	Cursor string `json:"cursor,omitempty"` // in the list of the phase
	Page   int    `json:"page,omitempty"`   // of a list without cursors
	// The times there up to which changes were looked at.
	CustomersTo   int64 `json:"customers_to,omitempty"`
	ValuesTo      int64 `json:"values_to,omitempty"`
	SubscribersTo int64 `json:"subscribers_to,omitempty"`
	MetafieldsTo  int64 `json:"metafields_to,omitempty"`
	// SweepTo is up to which customer a sweep has come that is under way; Swept is
	// when the last one ended.
	Sweeping bool  `json:"sweeping,omitempty"`
	SweepTo  int64 `json:"sweep_to,omitempty"`
	Swept    int64 `json:"swept,omitempty"`
	// Synced is when all that was known of had been copied.
	Synced int64 `json:"synced,omitempty"`

	Hooks    []int64   `json:"hooks,omitempty"` // registered there
	Counts   Counts    `json:"counts"`
	Told     int64     `json:"told,omitempty"` // of the counts, in the history
	Problems []Problem `json:"problems,omitempty"`
	Error    string    `json:"error,omitempty"`
	ErrorAt  int64     `json:"error_at,omitempty"`
}

// State is a mirror.
type State struct {
	Upstream string
	Progress
	Created, Modified int64
	// Marked is how many things webhooks told of that wait.
	Marked int64

	version int64
}

// Lag is how many seconds ago the mirror was in line.
func (s *State) Lag(now int64) int64 { return max(now-s.Synced, 0) }

// Service mirrors.
type Service struct {
	db        *sqldb.DB
	sys       *system.System
	stores    *store.Service
	customers *customer.Service
	segments  *segment.Service
	// subscribers finds some by their addresses.
	subscribers *subscriber.Service
	log         *slog.Logger
	// pageSize is how many of a list one request asks for.
	pageSize int
}

// NewService returns a Service.
func NewService(db *sqldb.DB, sys *system.System, stores *store.Service, customers *customer.Service, segments *segment.Service) *Service {
	return &Service{db: db, sys: sys, stores: stores, customers: customers, segments: segments, subscribers: subscriber.NewService(db, sys), log: slog.New(slog.DiscardHandler), pageSize: 250}
}

// Tell sets where is told what goes wrong.
func (s *Service) Tell(log *slog.Logger) { s.log = log }

var (
	selectMirror = sqldb.Static(`SELECT upstream, version, progress, date_created, date_modified FROM mirrors WHERE store_id = $1`)
	insertMirror = sqldb.Static(`INSERT INTO mirrors (store_id, upstream, version, progress, secret_hash, date_created, date_modified) VALUES ($1, $2, 1, $3, '', $4, $4) ON CONFLICT (store_id) DO NOTHING`)
	moveMirror   = sqldb.Static(`UPDATE mirrors SET version = version + 1, progress = $3, date_modified = $4 WHERE store_id = $1 AND version = $2`)
	setSecret    = sqldb.Static(`UPDATE mirrors SET secret_hash = $2 WHERE store_id = $1`)
	selectSecret = sqldb.Static(`SELECT secret_hash FROM mirrors WHERE store_id = $1`)
	deleteMirror = sqldb.Static(`DELETE FROM mirrors WHERE store_id = $1`)
	deleteMarks  = sqldb.Static(`DELETE FROM mirror_marks WHERE store_id = $1`)
	mark         = sqldb.Static(`INSERT INTO mirror_marks (store_id, kind, resource_id, stamp, date_created) VALUES ($1, $2, $3, 1, $4)
		ON CONFLICT (store_id, kind, resource_id) DO UPDATE SET stamp = mirror_marks.stamp + 1`)
	oldestMarks = sqldb.Static(`SELECT kind, resource_id, stamp FROM mirror_marks WHERE store_id = $1 ORDER BY date_created, kind, resource_id LIMIT $2`)
	dropMark    = sqldb.Static(`DELETE FROM mirror_marks WHERE store_id = $1 AND kind = $2 AND resource_id = $3 AND stamp = $4`)
	countMarks  = sqldb.Static(`SELECT COUNT(*) FROM mirror_marks WHERE store_id = $1`)
)

// Errors of mirrors.
var (
	ErrElsewhere = fault.New(fault.Conflict, "another process runs this mirror")
	ErrOther     = fault.New(fault.Conflict, "the store mirrors another one; end that mirror first")
	ErrNone      = fault.New(fault.NotFound, "the store mirrors no other one")
)

// Get returns a store's mirror, or ErrNone.
func (s *Service) Get(ctx context.Context, storeID int64) (*State, error) {
	var out *State
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		if err := tx.Query(selectMirror, func(r *sqldb.Row) error {
			out = &State{Upstream: r.Text(0), version: r.Int(1), Created: r.Int(3), Modified: r.Int(4)}
			return json.Unmarshal([]byte(r.Text(2)), &out.Progress)
		}); err != nil || out == nil {
			return err
		}
		return tx.Query(countMarks, func(r *sqldb.Row) error { out.Marked = r.Int(0); return nil })
	})
	if err == nil && out == nil {
		err = ErrNone
	}
	return out, err
}

// begin returns the mirror of an upstream, made where there is none.
func (s *Service) begin(ctx context.Context, storeID int64, of string) (*State, error) {
	text, err := json.Marshal(Progress{Phase: CopyCustomers})
	if err != nil {
		return nil, err
	}
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(insertMirror, of, string(text), s.sys.Now()) }); err != nil {
		return nil, err
	}
	st, err := s.Get(ctx, storeID)
	if err == nil && st.Upstream != of {
		err = ErrOther
	}
	return st, err
}

// end forgets a mirror.
func (s *Service) end(ctx context.Context, storeID int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(deleteMirror)
		if err == nil && n == 0 {
			err = ErrNone
		}
		if err != nil {
			return err
		}
		return tx.Exec(deleteMarks)
	})
}

// save stores how far a mirror has come, in the transaction that brings it there.
// Whoever else runs the mirror is told so.
func (s *Service) save(tx *sqldb.Tx, st *State, p *Progress) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	n, err := tx.ExecCount(moveMirror, st.version, string(text), s.sys.Now())
	if err == nil && n == 0 {
		err = ErrElsewhere
	}
	return err
}

// told is what the history has of what a mirror did since it last told.
func (p *Progress) told(now int64, tx *sqldb.Tx) error {
	all := p.Counts.Created + p.Counts.Changed + p.Counts.Removed
	n := all - p.Told
	if n == 0 {
		return nil
	}
	p.Told = all
	e := history.Entry{Action: history.Imported, Resource: history.Customer}
	e.Add(false, history.FieldCount, "", history.Int(n))
	e.Add(false, history.FieldReport, "", history.Text("mirror"))
	return history.Enter(tx, now, e)
}

// The kinds of marks.
const (
	markCustomer   = "customer"
	markSubscriber = "subscriber"
	markMetafields = "metafields" // of a customer
)

// SecretHeader is the header by which webhooks from an upstream are known.
const SecretHeader = "X-Clientele-Mirror"

// ErrSecret: a webhook does not come from the store's upstream.
var ErrSecret = fault.New(fault.Unauthorized, "the webhook is not of a mirror of this store")

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Receive takes the body of a webhook from an upstream, which brings a secret along:
// what it tells of is looked at by whoever runs the mirror.
func (s *Service) Receive(ctx context.Context, storeID int64, secret string, body []byte) error {
	var in struct {
		Scope string `json:"scope"`
		Data  struct {
			ID      int64 `json:"id"`
			Address struct {
				CustomerID int64 `json:"customer_id"`
			} `json:"address"`
			Resource json.Number `json:"resource_id"`
		} `json:"data"`
	}
	known := ""
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		known = ""
		return tx.Query(selectSecret, func(r *sqldb.Row) error { known = r.Text(0); return nil })
	}); err != nil {
		return err
	}
	if known == "" || subtle.ConstantTimeCompare([]byte(known), []byte(hashOf(secret))) == 0 {
		return ErrSecret
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return fault.New(fault.Malformed, "the body is no event")
	}
	kind, id := kindOf(in.Scope), in.Data.ID
	switch {
	case in.Data.Address.CustomerID != 0:
		id = in.Data.Address.CustomerID
	case kind == markMetafields:
		id = number(in.Data.Resource)
	}
	if kind == "" || id <= 0 {
		return nil // nothing that is copied
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(mark, kind, id, s.sys.Now()) })
}

// pause is for how long a run waits for something to do.
const pause = 500 * time.Millisecond

// Options say how a run goes. Zero times are the usual ones.
type Options struct {
	From *upstream.Client
	// Once ends the run when the store is in line.
	Once bool
	// Callback is where webhooks from the upstream come in; empty: there are none.
	Callback string
	// Consents copies what customers said of cookies too, which takes a request for
	// each customer.
	Consents bool
	// Poll is how often changes are looked for, Refer how often definitions are, and
	// Sweep how often each customer is looked at, and who is gone.
	Poll, Refer, Sweep time.Duration
	// Each is told of each step.
	Each func(*State)
}

func (o *Options) fill() {
	def := func(to *time.Duration, d time.Duration) {
		if *to == 0 {
			*to = d
		}
	}
	def(&o.Poll, 5*time.Second)
	def(&o.Refer, time.Minute)
	def(&o.Sweep, 24*time.Hour)
	if o.Each == nil {
		o.Each = func(*State) {}
	}
}

// run is a run of a mirror.
type run struct {
	s       *Service
	storeID int64
	o       Options
	st      *State
	ref     *references

	polled, referred time.Duration // of Elapsed
	everPolled       bool
	swept, hooked    bool
}

// Run copies what there is and follows what changes, until ctx ends or, with Once, the
// store is in line. What fails is tried again: only what cannot get better by itself
// ends it.
func (s *Service) Run(ctx context.Context, storeID int64, o Options) error {
	o.fill()
	var r *run
	var err error
	for {
		st, began := s.begin(ctx, storeID, o.From.URL)
		if began != nil {
			return began
		}
		r = &run{s: s, storeID: storeID, o: o, st: st}
		if err = r.work(ctx); !errors.Is(err, ErrElsewhere) || !s.idle(ctx, storeID, 2*o.Poll) {
			break
		}
	}
	// Who ends it has it in order all the same.
	aside, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if errors.Is(err, ErrElsewhere) {
		return err
	}
	if ctx.Err() != nil || err == nil {
		err = errors.Join(r.unhook(aside), r.change(aside, func(tx *sqldb.Tx, p *Progress) error { return p.told(s.sys.Now(), tx) }))
	}
	return err
}

// idle reports whether nobody moves a mirror on for a time. Of a process that was
// killed PostgreSQL may still commit a transaction, after another has begun.
func (s *Service) idle(ctx context.Context, storeID int64, wait time.Duration) bool {
	before, err := s.Get(ctx, storeID)
	if err != nil || s.sys.Sleep(ctx, wait) != nil {
		return false
	}
	after, err := s.Get(ctx, storeID)
	return err == nil && before.version == after.version
}

// work does the work. Errors of the upstream are told and tried again, but where there
// is one round only.
func (r *run) work(ctx context.Context) error {
	wait := time.Second
	for {
		err := r.round(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && r.o.Once:
			return nil
		case err == nil:
			wait = time.Second
			_ = r.s.sys.Sleep(ctx, pause) // it ends with the run
			continue
		case errors.Is(err, ErrElsewhere):
			return err
		}
		r.s.log.Warn("a mirror does not get on", "store", r.storeID, "error", err)
		if failed := r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
			p.Error, p.ErrorAt = clip(err.Error()), r.s.sys.Now()
			return nil
		}); errors.Is(failed, ErrElsewhere) {
			return failed
		}
		if r.o.Once || upstream.IsStatus(err, 401, 403) {
			return err
		}
		_ = r.s.sys.Sleep(ctx, wait)
		wait = min(2*wait, time.Minute)
	}
}

const maxMessage = 300

func clip(text string) string {
	if r := []rune(text); len(r) > maxMessage {
		return string(r[:maxMessage])
	}
	return text
}

// change stores a change of how far the mirror has come, with what do writes.
func (r *run) change(ctx context.Context, do func(tx *sqldb.Tx, p *Progress) error) error {
	var after Progress
	err := r.s.db.WriteAgain(ctx, r.storeID, func(tx *sqldb.Tx) error {
		after = r.st.Progress
		after.Hooks = append([]int64(nil), after.Hooks...)
		after.Problems = append([]Problem(nil), after.Problems...)
		if err := do(tx, &after); err != nil {
			return err
		}
		return r.s.save(tx, r.st, &after)
	})
	if err != nil {
		return err
	}
	r.st.Progress = after
	r.st.version++
	r.o.Each(r.st)
	return nil
}

// problem notes something that could not be copied as it is.
func (p *Progress) problem(kind string, id int64, now int64, err error) {
	p.Counts.Rejected++
	for i := range p.Problems { // the same again is none more
		if q := &p.Problems[i]; q.Kind == kind && q.ID == id {
			p.Counts.Rejected--
			q.Message, q.At = clip(err.Error()), now
			return
		}
	}
	p.Problems = append(p.Problems, Problem{Kind: kind, ID: id, Message: clip(err.Error()), At: now})
	if n := len(p.Problems); n > maxProblems {
		p.Problems = p.Problems[n-maxProblems:]
	}
}

// place names the upstream in proofs of consents.
func (r *run) place() string { return r.o.From.URL }
