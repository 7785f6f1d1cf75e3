// Package bulk does one thing to many customers or subscribers: to those who are
// named, or to all whom a rule or a filter finds. It does it a hundred at a time, by
// the commands that do it to one, and stores with each hundred how far it has come and
// what would undo it: who is cut off goes on where they were.
package bulk

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// Subject is whom something is done to.
type Subject string

// The subjects.
const (
	Customers   Subject = "customers"
	Subscribers Subject = "subscribers"
)

// Kind is what is done.
type Kind string

// The kinds.
const (
	SetGroup        Kind = "set_group"
	AddToSegment    Kind = "add_to_segment"
	TakeFromSegment Kind = "take_from_segment"
	SetAttribute    Kind = "set_attribute"
	RequirePassword Kind = "require_password"
	SendReset       Kind = "send_reset"
	Subscribe       Kind = "subscribe"
	Unsubscribe     Kind = "unsubscribe"
	Delete          Kind = "delete"
)

// Kinds are all kinds of a subject.
var Kinds = map[Subject][]Kind{
	Customers:   {SetGroup, AddToSegment, TakeFromSegment, SetAttribute, RequirePassword, SendReset, Subscribe, Unsubscribe, Delete},
	Subscribers: {Subscribe, Unsubscribe, Delete},
}

// Undoable reports whether what the kind does can be undone.
func (k Kind) Undoable() bool { return k != SendReset && k != Delete }

// Options say what is done to whom.
type Options struct {
	Subject Subject `json:"subject"`
	Kind    Kind    `json:"kind"`
	// IDs are those who are named; nil: all whom Rule or Filter finds.
	IDs []int64 `json:"ids,omitempty"`
	// Rule finds customers, in the language of rules; empty: all of them.
	Rule string `json:"rule,omitempty"`
	// Filter finds subscribers: see subscriber.ParseBrowse; empty: all of them.
	Filter string `json:"filter,omitempty"`

	GroupID     int64  `json:"group_id,omitempty"` // 0: none
	Segment     string `json:"segment_id,omitempty"`
	AttributeID int64  `json:"attribute_id,omitempty"`
	Value       string `json:"value,omitempty"`
	// Ground is what a consent rests on, or why it is taken back.
	Ground string `json:"ground,omitempty"`
	// Anew states that those who had left, or were erased, agreed again.
	Anew bool `json:"anew,omitempty"`
}

// State is where a bulk action is.
type State string

// The states.
const (
	Running  State = "running" // or cut off, and gone on with by a job
	Done     State = "done"
	Stopped  State = "stopped" // by somebody
	Failed   State = "failed"  // see Action.Error
	Undoing  State = "undoing"
	Reverted State = "undone"
)

// Ended reports whether nobody is at it.
func (s State) Ended() bool { return s != Running && s != Undoing }

// Action is something that is done to many, and how far that has come.
type Action struct {
	ID    int64
	State State
	Options
	// Expected is how many were selected when it began, -1 for more than was counted.
	Expected int64
	// Changed, Unchanged and Failures are how many of them were, so far. Undone and
	// Kept are those of Changed whom an undo has changed back, and who were changed by
	// somebody else since.
	Changed, Unchanged, Failures int64
	Undone, Kept                 int64
	Error                        string
	By                           history.Actor
	Created, Modified, Ended     int64

	position, last, undoPosition int64
	undoable                     bool
}

// Seen is how many it has come to.
func (a *Action) Seen() int64 { return a.Changed + a.Unchanged + a.Failures }

// CanUndo reports whether it can be undone at a moment.
func (a *Action) CanUndo(now int64) bool {
	return a.undoable && a.Kind.Undoable() && a.Changed > 0 && (a.State == Done || a.State == Stopped || a.State == Failed) && now-a.Ended <= int64(keep/time.Second)
}

const (
	// AtOnce is how many are done in the request that asks for them.
	AtOnce = 100
	// MaxNamed is how many can be named.
	MaxNamed = 1000
	// keep is how long after its end a bulk action can be undone.
	keep = 7 * 24 * time.Hour
	// maxOpen bounds the bulk actions of a store that are under way.
	maxOpen = 10
	// bite is how many one transaction comes to, and stretch among how many ids they
	// are looked for at once.
	bite    = 100
	stretch = 20_000
	// Examples is how many a preview shows.
	Examples = 5
)

// Config is what a Service works with.
type Config struct {
	DB          *sqldb.DB
	System      *system.System
	Customers   *customer.Service
	Segments    *segment.Service
	Rules       *segment.Keeper
	Accounts    *account.Service
	Subscribers *subscriber.Service
}

// Service does bulk actions.
type Service struct {
	Config
	// shift is how long a job works before it lets others have a go.
	shift time.Duration
	// bite and stretch are as the constants say, but for tests.
	bite, stretch int64
}

// NewService returns a Service.
func NewService(c Config) *Service {
	return &Service{Config: c, shift: shift, bite: bite, stretch: stretch}
}

// List declares the list of bulk actions, the newest first.
var List = &listing.Spec{Table: "bulk_actions", Descending: true, Cursors: true, Unnumbered: true, Untold: true}

const columns = `id, state, options, expected, position, last_id, changed, unchanged, failed, undone, kept, undo_position, error, actor_kind, actor_id, actor_name, date_created, date_modified, date_ended, undoable`

var (
	takeID    = sqldb.Static(`UPDATE store_counters SET bulk_action_id = bulk_action_id + 1 WHERE store_id = $1 RETURNING bulk_action_id, customer_id, subscriber_id`)
	countOpen = sqldb.Static(`SELECT COUNT(*) FROM bulk_actions WHERE store_id = $1 AND date_ended = 0`)
	insertOne = sqldb.Static(`INSERT INTO bulk_actions (store_id, id, state, subject, options, expected, position, last_id, changed, unchanged, failed, undone, kept, undo_position, error, actor_kind, actor_id, actor_name, date_created, date_modified, date_ended, undoable)
		VALUES ($1, $2, 'running', $3, $4, $5, 0, $6, 0, 0, 0, 0, 0, 0, '', $7, $8, $9, $10, $10, 0, 1)`)
	selectOne = sqldb.Static(`SELECT ` + columns + ` FROM bulk_actions WHERE store_id = $1 AND id = $2`)
)

func (a *Action) scan(r *sqldb.Row) error {
	*a = Action{
		ID: r.Int(0), State: State(r.Text(1)), Expected: r.Int(3), position: r.Int(4), last: r.Int(5), Changed: r.Int(6), Unchanged: r.Int(7), Failures: r.Int(8), Undone: r.Int(9), Kept: r.Int(10), undoPosition: r.Int(11), Error: r.Text(12),
		By:      history.Actor{Kind: history.ActorKindOf(r.Text(13)), ID: r.Int(14), Name: r.Text(15)},
		Created: r.Int(16), Modified: r.Int(17), Ended: r.Int(18), undoable: r.Flag(19),
	}
	return json.Unmarshal([]byte(r.Text(2)), &a.Options)
}

// Ask begins a bulk action. A few are done when it returns; more are a job's.
func (s *Service) Ask(ctx context.Context, storeID int64, o Options) (*Action, error) {
	p, err := s.Preview(ctx, storeID, o)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, storeID, &o); err != nil {
		return nil, err
	}
	if p.Complete && p.Count == 0 {
		return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldSelection, Code: fault.Required, Why: WhyNobody})
	}
	o.Rule, o.IDs = p.bound, slices.Compact(slices.Sorted(slices.Values(o.IDs)))
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	a := &Action{State: Running, Options: o, Expected: -1, By: history.Of(ctx).Actor}
	if p.Complete {
		a.Expected = p.Count
	}
	small := p.Complete && p.Count <= AtOnce
	err = s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		if err := tx.Query(takeID, func(r *sqldb.Row) error {
			a.ID, a.last = r.Int(0), r.Int(1)
			if o.Subject == Subscribers {
				a.last = r.Int(2)
			}
			return nil
		}); err != nil {
			return err
		}
		open := int64(0)
		if err := tx.Query(countOpen, func(r *sqldb.Row) error { open = r.Int(0); return nil }); err != nil {
			return err
		}
		if open >= maxOpen {
			return errBusy
		}
		if err := tx.Exec(insertOne, a.ID, string(o.Subject), string(text), a.Expected, a.last, a.By.Kind.String(), a.By.ID, a.By.Name, now); err != nil {
			return err
		}
		due := now
		if small { // the job is for a process that dies meanwhile
			due += int64(rescue / time.Second)
		}
		return jobs.Enqueue(tx, now, jobDo, working{a.ID}, due)
	})
	if err != nil || !small {
		return a, err
	}
	return s.run(ctx, storeID, a.ID, s.some)
}

// check refuses what cannot be done to anybody.
func (s *Service) check(ctx context.Context, storeID int64, o *Options) error {
	var c fault.Collector
	wrong := func(field fault.Field, code fault.Code) { c.Because(field, code, "", "") }
	if !slices.Contains(Kinds[o.Subject], o.Kind) {
		wrong(FieldAction, fault.NotAccepted)
		return c.Err(fault.Invalid)
	}
	err := s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		c = fault.Collector{}
		switch o.Kind {
		case SetGroup:
			there := o.GroupID == 0
			if err := tx.Pipeline(group.NamesQuery(func(id int64, _ string, _ bool) { there = there || id == o.GroupID })); err != nil {
				return err
			}
			if !there {
				wrong(FieldGroup, fault.Unknown)
			}
		case AddToSegment, TakeFromSegment:
			if _, err := segment.Find(tx, o.Segment); err != nil {
				if fault.As(err) == nil {
					return err
				}
				wrong(FieldSegment, fault.Unknown)
			}
		case SetAttribute:
			typ, err := customer.AttributeType(tx, o.AttributeID)
			if err != nil {
				return err
			}
			switch {
			case typ == "":
				wrong(FieldAttribute, fault.Unknown)
			case o.Value == "":
				wrong(FieldValue, fault.Required)
			case !customer.ValidAttribute(typ, o.Value):
				wrong(FieldValue, fault.BadFormat)
			}
		case Subscribe, Unsubscribe:
			if o.Ground == "" {
				wrong(FieldGround, fault.Required)
			}
			c.Length(FieldGround, o.Ground, 0, subscriber.MaxGround)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.Err(fault.Invalid); err != nil {
		return err
	}
	// A segment that a rule fills is filled by nobody else.
	if o.Kind == AddToSegment || o.Kind == TakeFromSegment {
		kept, err := s.Rules.Get(ctx, storeID, o.Segment)
		if err != nil {
			return err
		}
		if kept.Rule != nil {
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldSegment, Code: fault.Taken, Why: segment.WhyRule})
		}
	}
	return nil
}

// Get returns a bulk action, or a NotFound fault.
func (s *Service) Get(ctx context.Context, storeID, id int64) (out *Action, err error) {
	err = s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = get(tx, id)
		return err
	})
	return out, err
}

func get(tx *sqldb.Tx, id int64) (out *Action, err error) {
	if err := tx.Query(selectOne, func(r *sqldb.Row) error { out = &Action{}; return out.scan(r) }, id); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errNone
	}
	return out, nil
}

// Page returns a page of bulk actions.
func (s *Service) Page(ctx context.Context, storeID int64, q *listing.Query) (out []Action, res *listing.Result, err error) {
	err = s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, columns, (*Action).scan)
		return err
	})
	return out, res, err
}
