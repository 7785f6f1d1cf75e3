package webhook

import (
	"context"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// Browse declares the list of a store's hooks, of all API accounts, as people look
// through it.
var Browse = &listing.Spec{
	Table: "webhooks",
	Fields: []listing.Field{
		{Name: "is_active", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Column: "is_active"},
		{Name: clientField, Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "client_id"},
	},
	Descending: true, Cursors: true, Unnumbered: true, Untold: true,
}

// Browse returns a page of a store's hooks, for the operator.
func (s *Service) Browse(ctx context.Context, storeID int64, q *listing.Query) (out []Hook, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = nil
		res, err = q.Run(tx, columns, collect(tx, &out))
		return err
	})
	return out, res, err
}

// Health is how a hook fared lately. It counts the newest deliveries of a day, and
// HealthBound of them at most.
type Health struct {
	Delivered, Failed int64
	Retrying, Waiting int64 // of those that are pending, by whether they were tried
	More              bool  // there are more than are counted
	// What went wrong last, among those that are counted.
	Error   string
	ErrorAt int64
}

// All is how many deliveries are counted.
func (h *Health) All() int64 { return h.Delivered + h.Failed + h.Retrying + h.Waiting }

// HealthBound is how many deliveries of a hook are counted.
const HealthBound = 200

const healthTime = 24 * 60 * 60

var recentStates = sqldb.Static(`SELECT date_created, state, attempts, error, last_attempt FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 ORDER BY id DESC LIMIT $3`)

// Health returns how hooks fared in the last 24 hours, in their order.
func (s *Service) Health(ctx context.Context, storeID int64, hooks []Hook) (out []Health, err error) {
	if len(hooks) == 0 {
		return nil, nil
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = make([]Health, len(hooks))
		since := s.sys.Now() - healthTime
		qs := make([]sqldb.Q, len(hooks))
		for i := range hooks {
			h, n := &out[i], 0
			qs[i] = sqldb.Q{Stmt: recentStates, Args: []any{hooks[i].ID, int64(HealthBound + 1)}, Each: func(r *sqldb.Row) error {
				if r.Int(0) < since {
					return nil
				}
				if n++; n > HealthBound {
					h.More = true
					return nil
				}
				h.count(State(r.Text(1)), r.Int(2), r.Text(3), r.Int(4))
				return nil
			}}
		}
		return tx.Pipeline(qs...)
	})
	return out, err
}

func (h *Health) count(state State, attempts int64, wrong string, at int64) {
	switch {
	case state == Delivered:
		h.Delivered++
	case state == Failed:
		h.Failed++
	case attempts > 0:
		h.Retrying++
	default:
		h.Waiting++
	}
	if wrong != "" && at > h.ErrorAt {
		h.Error, h.ErrorAt = wrong, at
	}
}

// Standing says why a delivery is in its state.
type Standing string

// The standings.
const (
	Arrived   Standing = "arrived"  // the destination has it
	GivenUp   Standing = "given_up" // the last attempt failed
	TestedBad Standing = "test"     // a test, which is tried once, failed
	Off       Standing = "off"      // it waits, and its hook is switched off
	Revoked   Standing = "revoked"  // it waits, and its hook's API account was revoked
	Underway  Standing = "underway" // a process is sending it
	Held      Standing = "blocked"  // its destination's domain is blocked
	Behind    Standing = "behind"   // one before it about the same thing has to arrive first
	Retries   Standing = "retries"  // an attempt failed, and there will be another one
	Waits     Standing = "waits"    // it is about to be sent for the first time
)

// Explained is a delivery with why it is in its state.
type Explained struct {
	Delivery
	Standing Standing
	Until    int64   // Held: when the block ends
	Before   int64   // Behind: the delivery that comes first
	Schedule []int64 // when attempts will be made, as long as they fail
	Left     int     // attempts, with the next one
}

var (
	selectStep = sqldb.Static(`SELECT step, lane, due_at FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id = $3`)
	firstOf    = sqldb.Static(`SELECT id FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND lane = $3 AND due_at <> 0 ORDER BY id LIMIT 1`)
)

// Explain returns one delivery of a hook, and why it is in its state.
func (s *Service) Explain(ctx context.Context, storeID, hook, id int64) (out Explained, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Explained{}
		h, err := owned(tx, Anyone, hook)
		if err != nil {
			return err
		}
		var step, lane, due, first int64
		if err := tx.Pipeline(
			sqldb.Q{Stmt: selectDelivery, Args: []any{hook, id}, Each: out.scan},
			sqldb.Q{Stmt: selectStep, Args: []any{hook, id}, Each: func(r *sqldb.Row) error {
				step, lane, due = r.Int(0), r.Int(1), r.Int(2)
				return nil
			}},
		); err != nil {
			return err
		}
		if out.ID == 0 {
			return noDelivery(id)
		}
		if err := tx.Query(firstOf, func(r *sqldb.Row) error { first = r.Int(0); return nil }, hook, lane); err != nil {
			return err
		}
		now := s.sys.Now()
		if out.Until, err = BlockedUntil(tx, h.ClientID, Domain(h.Destination), now); err != nil {
			return err
		}
		secret, err := Secret(tx, h.ClientID)
		if err != nil {
			return err
		}
		out.explain(h, secret != "", first, now)
		if out.State == Pending && out.Scope != TestScope {
			out.Schedule = schedule(step, max(due, now))
		}
		out.Left = len(out.Schedule)
		return nil
	})
	return out, err
}

// explain finds why the delivery is in its state; first is the one whose turn it is
// among those that wait for each other.
func (x *Explained) explain(h *Hook, inForce bool, first, now int64) {
	switch {
	case x.State == Delivered:
		x.Standing = Arrived
	case x.State == Failed && x.Scope == TestScope:
		x.Standing = TestedBad
	case x.State == Failed:
		x.Standing = GivenUp
	case !inForce:
		x.Standing = Revoked
	case !h.IsActive:
		x.Standing = Off
	case x.Sending:
		x.Standing = Underway
	case x.Until > now:
		x.Standing = Held
	case first != 0 && first < x.ID:
		x.Standing, x.Before = Behind, first
	case x.Attempts > 0:
		x.Standing = Retries
	default:
		x.Standing = Waits
	}
}

// schedule returns when the attempts of a delivery are made, as long as they fail:
// the next one at a time, step having been made on the present schedule.
func schedule(step, next int64) []int64 {
	out := []int64{next}
	for {
		wait, again := RetryAfter(int(step) + 1)
		if !again {
			return out
		}
		next += wait
		out = append(out, next)
		step++
	}
}

// TakeSecret returns the client secret that signs what is sent to a hook. That
// somebody took it is in the history.
func (s *Service) TakeSecret(ctx context.Context, storeID, hook int64) (secret string, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		h, err := owned(tx, Anyone, hook)
		if err != nil {
			return err
		}
		if secret, err = Secret(tx, h.ClientID); err != nil {
			return err
		}
		if secret == "" {
			return notFound(hook)
		}
		return history.Enter(tx, s.sys.Now(), history.Entry{Action: history.Exported, Resource: history.Webhook, ID: hook})
	})
	return secret, err
}

// CreateAll makes a hook for each of several scopes, all of them or none. A scope
// that another one covers is left out: the app would be told twice.
func (s *Service) CreateAll(ctx context.Context, storeID int64, clientID string, scopes []string, in Create) (out []Hook, err error) {
	if len(scopes) == 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Items: []fault.Item{{Field: FieldScope, Code: fault.Required}}}
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		secret, err := Secret(tx, clientID)
		if err != nil {
			return err
		}
		if secret == "" {
			return &fault.Error{Kind: fault.Invalid, Items: []fault.Item{{Field: FieldClient, Code: fault.Unknown}}}
		}
		for _, scope := range distinct(scopes) {
			in.Scope = scope
			h, err := CreateTx(tx, clientID, in, s.rules, s.sys.Now())
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

// distinct returns scopes without those that others cover.
func distinct(scopes []string) []string {
	var out []string
	for i, scope := range scopes {
		covered := false
		for j, other := range scopes {
			covered = covered || i > j && scope == other || scope != other && strings.HasSuffix(other, "*") && Matches(other, scope)
		}
		if !covered {
			out = append(out, scope)
		}
	}
	return out
}
