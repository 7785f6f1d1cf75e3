package webhook

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// clientField is the field of the list that only Service uses.
const clientField = "client_id"

// List declares the list of hooks.
var List = &listing.Spec{
	Table: "webhooks",
	Fields: []listing.Field{
		{Name: "is_active", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Column: "is_active"},
		{Name: "scope", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "scope"},
		{Name: "destination", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "destination"},
		{Name: clientField, Kind: listing.Text, Ops: []listing.Op{listing.In}, Column: "client_id", Hidden: true},
	},
}

// AdminList declares the filter of what an API account is told of its hooks.
var AdminList = &listing.Spec{Table: "webhooks", Fields: List.Fields[:1], Unpaged: true}

// Service keeps hooks. An API account, named by its client id, sees and
// touches only its own.
type Service struct {
	db    *sqldb.DB
	sys   *system.System
	rules Rules
}

// NewService returns a Service over db that admits destinations by rules.
func NewService(db *sqldb.DB, sys *system.System, rules Rules) *Service {
	return &Service{db: db, sys: sys, rules: rules}
}

func notFound(id int64) error {
	return &fault.Error{Kind: fault.NotFound, Items: []fault.Item{{Code: fault.Unknown, Why: WhyNoWebhook, Value: strconv.FormatInt(id, 10)}}}
}

// List returns a page of an API account's hooks.
func (s *Service) List(ctx context.Context, storeID int64, clientID string, q *listing.Query) ([]Hook, *listing.Result, error) {
	q.Where(clientField, listing.In, nil, []string{clientID})
	var out []Hook
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]Hook, 0, min(q.Limit, 64))
		res, err = q.Run(tx, columns, collect(tx, &out))
		return err
	})
	return out, res, err
}

// Get returns one hook.
func (s *Service) Get(ctx context.Context, storeID int64, clientID string, id int64) (Hook, error) {
	var out *Hook
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = owned(tx, clientID, id)
		return err
	}); err != nil {
		return Hook{}, err
	}
	return *out, nil
}

// Create makes a hook.
func (s *Service) Create(ctx context.Context, storeID int64, clientID string, in Create) (out Hook, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = CreateTx(tx, clientID, in, s.rules, s.sys.Now())
		return err
	})
	return out, err
}

// CreateTx is Create inside a transaction.
func CreateTx(tx *sqldb.Tx, clientID string, in Create, rules Rules, now int64) (Hook, error) {
	h := Hook{
		ClientID: clientID, Scope: in.Scope, Destination: in.Destination, Headers: in.Headers,
		IsActive: !in.IsActive.Set || in.IsActive.Value, DateCreated: now, DateModified: now,
	}
	c := fault.Collector{}
	h.check(&c, rules)
	if err := c.Err(fault.Invalid); err != nil {
		return h, err
	}
	// The counters' lock keeps others from taking what is free now.
	var own []Hook
	if err := tx.Pipeline(
		sqldb.Q{Stmt: nextID, Args: []any{int64(1)}, Each: func(r *sqldb.Row) error { h.ID = r.Int(0); return nil }},
		sqldb.Q{Stmt: selectOwn, Args: []any{clientID}, Each: collect(tx, &own)},
	); err != nil {
		return h, err
	}
	if err := h.admit(own, true); err != nil {
		return h, err
	}
	if h.IsActive {
		var err error
		if h.from, err = Follow(tx); err != nil {
			return h, err
		}
	}
	sealed, err := h.seal(tx)
	if err != nil {
		return h, err
	}
	if err := history.Enter(tx, now, h.changeOf(nil, &h)); err != nil {
		return h, err
	}
	return h, tx.Exec(insertRow, h.ID, clientID, h.Scope, h.Destination, h.norm, sealed, sqldb.Flag(h.IsActive), now, h.from)
}

// admit reports why a hook cannot be beside the others of its API account. A
// fresh one is one more of them.
func (h *Hook) admit(own []Hook, fresh bool) error {
	c := fault.Collector{}
	same := 0
	for i := range own {
		o := &own[i]
		switch {
		case o.ID == h.ID:
			continue
		case o.Scope == h.Scope && o.norm == h.norm:
			c.Because(FieldDestination, fault.Taken, WhyTaken, "")
		case (o.Scope == ExceptionScope) != (h.Scope == ExceptionScope) && o.norm == h.norm:
			c.Because(FieldDestination, fault.Taken, WhyNotSeparate, ExceptionScope)
		}
		if o.Scope == h.Scope {
			same++
		}
	}
	most := MaxPerScope
	if h.Scope == ExceptionScope {
		most = 1
	}
	if same >= most {
		c.Because(FieldScope, fault.TooManyItems, WhyManyOfScope, strconv.Itoa(most))
	}
	if fresh && len(own) >= MaxPerAccount {
		c.Because("", fault.TooManyItems, WhyMany, strconv.Itoa(MaxPerAccount))
	}
	return c.Err(fault.Invalid)
}

// lock returns an API account's hook and keeps others from changing it.
func lock(tx *sqldb.Tx, clientID string, id int64, clause string) (h Hook, err error) {
	err = tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM webhooks WHERE store_id = $1 AND id = $2`+clause), func(r *sqldb.Row) error { return h.scan(tx, r) }, id)
	if err == nil && (h.ID == 0 || clientID != Anyone && h.ClientID != clientID) {
		err = notFound(id)
	}
	return h, err
}

// Update changes a hook. Switching it on again forgets why it was off.
func (s *Service) Update(ctx context.Context, storeID int64, clientID string, in Update) (Hook, error) {
	var out Hook
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		old, err := lock(tx, clientID, in.ID, tx.ForUpdate())
		if err != nil {
			return err
		}
		if in.empty() {
			return fault.New(fault.Invalid, "At least one field is required to perform an update.")
		}
		if in.Version.Set && in.Version.Value != old.Version() {
			return ErrStale
		}
		out = old
		out.Scope = in.Scope.Or(old.Scope)
		out.Destination = in.Destination.Or(old.Destination)
		out.Headers = in.Headers.Or(old.Headers)
		out.IsActive = in.IsActive.Or(old.IsActive)
		if in.IsActive.Set {
			out.Disabled = ""
		}
		if in.Scope.Set || in.Destination.Set || in.Headers.Set {
			c := fault.Collector{}
			out.check(&c, s.rules)
			if err := c.Err(fault.Invalid); err != nil {
				return err
			}
		}
		if out.Scope != old.Scope || out.norm != old.norm {
			// The counters' lock keeps others from taking what is free now.
			var own []Hook
			if err := tx.Pipeline(
				sqldb.Q{Stmt: nextID, Args: []any{int64(0)}, Each: func(*sqldb.Row) error { return nil }},
				sqldb.Q{Stmt: selectOwn, Args: []any{old.ClientID}, Each: collect(tx, &own)},
			); err != nil {
				return err
			}
			if err := out.admit(own, false); err != nil {
				return err
			}
		}
		if out.Scope == old.Scope && out.Destination == old.Destination && out.IsActive == old.IsActive && out.Disabled == old.Disabled && stored(out.Headers) == stored(old.Headers) {
			return nil
		}
		out.DateModified = s.sys.Now()
		if out.IsActive && !old.IsActive {
			if out.from, err = Follow(tx); err != nil {
				return err
			}
		}
		sealed, err := out.seal(tx)
		if err != nil {
			return err
		}
		if err := history.Enter(tx, out.DateModified, out.changeOf(&old, &out)); err != nil {
			return err
		}
		return tx.Exec(updateRow, out.ID, out.Scope, out.Destination, out.norm, sealed, sqldb.Flag(out.IsActive), out.Disabled, out.DateModified, out.from)
	})
	return out, err
}

// Delete removes a hook and returns it.
func (s *Service) Delete(ctx context.Context, storeID int64, clientID string, id int64) (out Hook, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if out, err = lock(tx, clientID, id, tx.ForDelete()); err != nil {
			return err
		}
		if err := history.Enter(tx, s.sys.Now(), out.changeOf(&out, nil)); err != nil {
			return err
		}
		return tx.Exec(deleteRow, id)
	})
	return out, err
}

// Admin is what an API account can know of its hooks at a glance.
type Admin struct {
	Emails []string
	Hooks  []Hook
	Blocks []Block
	Now    int64
}

// Admin returns an API account's contacts, its hooks that meet q, and the
// domains blocked for it.
func (s *Service) Admin(ctx context.Context, storeID int64, clientID string, q *listing.Query) (Admin, error) {
	var out Admin
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = Admin{Now: s.sys.Now()}
		if out.Emails, err = Contacts(tx, clientID); err != nil {
			return err
		}
		if out.Blocks, err = blocks(tx, clientID, out.Now); err != nil {
			return err
		}
		return tx.Query(selectOwn, func(r *sqldb.Row) error {
			var h Hook
			if err := h.scan(tx, r); err != nil {
				return err
			}
			for _, f := range q.Filters { // is_active, the last one counts
				if (f.Ints[0] != 0) != h.IsActive {
					return nil
				}
			}
			out.Hooks = append(out.Hooks, h)
			return nil
		}, clientID)
	})
	return out, err
}

// PutContacts says whom to tell of an API account's blocked destinations and
// deactivated hooks, in place of those before.
func (s *Service) PutContacts(ctx context.Context, storeID int64, clientID string, emails []string) error {
	c := fault.Collector{}
	if len(emails) > MaxContacts {
		c.Because(FieldEmails, fault.TooManyItems, WhyManyEmails, strconv.Itoa(MaxContacts))
		return c.Err(fault.Invalid)
	}
	seen := map[string]bool{}
	for i, e := range emails {
		it, ok := email.Check(FieldEmails, e)
		key := email.Key(e)
		if it.At = i + 1; !ok {
			c.AddItem(it)
		} else if seen[key] {
			c.AddItem(fault.Item{Field: FieldEmails, At: i + 1, Code: fault.Duplicate, Why: WhyEmailTwice})
		}
		seen[key] = true
	}
	if err := c.Err(fault.Invalid); err != nil {
		return err
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// Two that do this at once take turns at the counters.
		if err := tx.Query(nextID, func(*sqldb.Row) error { return nil }, int64(0)); err != nil {
			return err
		}
		before, err := Contacts(tx, clientID)
		if err != nil {
			return err
		}
		if slices.Equal(before, emails) {
			return nil
		}
		if err := history.Enter(tx, s.sys.Now(), contactsChange(clientID, before, emails)); err != nil {
			return err
		}
		if err := tx.Exec(deleteContacts, clientID); err != nil {
			return err
		}
		for i, e := range emails {
			if err := tx.Exec(insertContact, clientID, int64(i), e); err != nil {
				return err
			}
		}
		return nil
	})
}

// SweepIdle looks at the hooks of a store that have heard of nothing for too
// long, elapsed seconds after this process did so before. It switches off those
// that have been seen so for a day, and returns them.
func SweepIdle(tx *sqldb.Tx, now, elapsed int64) ([]Hook, error) {
	var idle []Hook
	if err := tx.Query(selectIdle, collect(tx, &idle), now-idleTime); err != nil {
		return nil, err
	}
	var entries []history.Entry
	out := idle[:0]
	for _, h := range idle {
		if !h.watchIdle(now, elapsed) {
			if err := tx.Exec(markIdle, h.ID, h.idleSeen, h.idleTime); err != nil {
				return nil, err
			}
			continue
		}
		off, err := Disable(tx, h.ID, DisabledInactivity, now)
		if err != nil {
			return nil, err
		}
		if off {
			was := h
			h.IsActive, h.Disabled, h.DateModified = false, DisabledInactivity, now
			entries = append(entries, h.changeOf(&was, &h))
			out = append(out, h)
		}
	}
	return out, history.Enter(tx, now, entries...)
}

// Put makes a hook inside tx, or brings the one of the API account with its
// scope and destination in line.
func Put(tx *sqldb.Tx, clientID string, in Create, rules Rules, now int64) error {
	norm, why := rules.Destination(in.Destination)
	if why != "" {
		norm = "" // CreateTx tells of it
	}
	var have []Hook
	if err := tx.Query(selectOwn, collect(tx, &have), clientID); err != nil {
		return err
	}
	for _, h := range have {
		if h.Scope != in.Scope || h.norm != norm {
			continue
		}
		c := fault.Collector{}
		checkHeaders(&c, in.Headers)
		if err := c.Err(fault.Invalid); err != nil {
			return err
		}
		active := in.IsActive.Or(h.IsActive)
		if stored(in.Headers) == stored(h.Headers) && active == h.IsActive {
			return nil
		}
		if active && !h.IsActive {
			var err error
			if h.from, err = Follow(tx); err != nil {
				return err
			}
		}
		old := h
		h.Headers, h.Destination, h.IsActive, h.Disabled = in.Headers, in.Destination, active, ""
		sealed, err := h.seal(tx)
		if err != nil {
			return err
		}
		if err := history.Enter(tx, now, h.changeOf(&old, &h)); err != nil {
			return err
		}
		return tx.Exec(updateRow, h.ID, h.Scope, in.Destination, norm, sealed, sqldb.Flag(active), "", now, h.from)
	}
	secret, err := Secret(tx, clientID)
	if err != nil {
		return err
	}
	if secret == "" {
		return errors.New("there is no API account in force with this client id")
	}
	_, err = CreateTx(tx, clientID, in, rules, now)
	return err
}
