package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/metafield"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/upstream"
	"clientele/internal/words"
)

const (
	customersPath   = "/v3/customers"
	subscribersPath = "/v3/customers/subscribers"
	metafieldsPath  = "/v3/customers/metafields"
	valuesPath      = "/v3/customers/attribute-values"
	addressesPath   = "/v3/customers/addresses"
)

// includes is all that there is of a customer.
const includes = "addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids"

// embedded is how many addresses and attributes a customer has at most in a list: one
// with so many may have more.
const embedded = 10

// round does what is to be done: what is left of the first copy, then what changed.
func (r *run) round(ctx context.Context) error {
	if r.ref == nil {
		if err := r.refer(ctx); err != nil {
			return err
		}
	}
	if err := r.hook(ctx); err != nil {
		return err
	}
	for r.st.Phase != Following {
		var err error
		switch r.st.Phase {
		case CopyCustomers:
			err = r.copyCustomers(ctx)
		case CopySubscribers:
			err = r.copySubscribers(ctx)
		default:
			err = r.copyMetafields(ctx)
		}
		if err != nil {
			return err
		}
	}
	return r.follow(ctx)
}

// next asks for the next page of a list in which the mirror has come to a place, and
// returns the place behind it; "" and 0 behind the last.
func next[T any](ctx context.Context, r *run, path string, query url.Values, cursor string, n int) (p page[T], after string, number int, err error) {
	q := url.Values{"limit": {strconv.Itoa(r.s.pageSize)}}
	for name, v := range query {
		q[name] = v
	}
	switch {
	case cursor != "":
		q.Set("after", cursor)
	case n > 1:
		q.Set("page", strconv.Itoa(n))
	}
	if err := r.o.From.Get(ctx, path, q, &p); err != nil {
		return p, "", 0, err
	}
	switch m := &p.Meta; {
	case len(p.Data) == 0:
	case m.Cursors.End != nil && *m.Cursors.End != "":
		if m.Cursors.Links.Next != "" || len(p.Data) == r.s.pageSize {
			after = *m.Cursors.End
		}
	case m.Pagination.CurrentPage < m.Pagination.TotalPages:
		number = max(n, 1) + 1
	}
	return p, after, number, nil
}

// start notes from when on changes are to be looked at.
func (r *run) start(now int64, to *int64) {
	if *to == 0 {
		*to = now
	}
}

// clock is the time there, as far as it tells.
func (r *run) clock(ctx context.Context) (int64, error) {
	var t struct {
		Time int64 `json:"time"`
	}
	if err := r.o.From.Get(ctx, "/v2/time", nil, &t); err != nil {
		return 0, err
	}
	if t.Time == 0 {
		t.Time = r.s.sys.Now()
	}
	return t.Time, nil
}

func (r *run) copyCustomers(ctx context.Context) error {
	began, err := r.clock(ctx)
	if err != nil {
		return err
	}
	for r.st.Phase == CopyCustomers {
		q := url.Values{"include": {includes}, "sort": {"date_created:asc"}}
		p, after, n, err := next[wireCustomer](ctx, r, customersPath, q, r.st.Cursor, r.st.Page)
		if err != nil {
			return err
		}
		if err := r.customers(ctx, p.Data, nil, func(p *Progress) {
			r.start(began, &p.CustomersTo)
			r.start(began, &p.ValuesTo)
			p.to(after, n, CopySubscribers)
		}); err != nil {
			return err
		}
	}
	return nil
}

// to moves on in a list, or to the next phase.
func (p *Progress) to(cursor string, n int, then Phase) {
	p.Cursor, p.Page = cursor, n
	if cursor == "" && n == 0 {
		p.Phase = then
	}
}

func (r *run) copySubscribers(ctx context.Context) error {
	began, err := r.clock(ctx)
	if err != nil {
		return err
	}
	for r.st.Phase == CopySubscribers {
		p, after, n, err := next[wireSubscriber](ctx, r, subscribersPath, nil, r.st.Cursor, r.st.Page)
		if err != nil {
			return err
		}
		if err := r.subscribers(ctx, p.Data, nil, func(p *Progress) {
			r.start(began, &p.SubscribersTo)
			p.to(after, n, CopyMetafields)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) copyMetafields(ctx context.Context) error {
	began, err := r.clock(ctx)
	if err != nil {
		return err
	}
	for r.st.Phase == CopyMetafields {
		p, after, n, err := next[wireMetafield](ctx, r, metafieldsPath, nil, r.st.Cursor, r.st.Page)
		if err != nil {
			return err
		}
		if err := r.metafields(ctx, p.Data, nil, func(p *Progress) {
			r.start(began, &p.MetafieldsTo)
			p.to(after, n, Following)
			if p.Phase == Following {
				p.Swept = r.s.sys.Now()
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// complete asks for the addresses and values of those who may have more than a list
// shows.
func (r *run) complete(ctx context.Context, some []wireCustomer) error {
	for i := range some {
		c := &some[i]
		of := url.Values{"customer_id:in": {strconv.FormatInt(c.ID, 10)}}
		if len(c.Addresses) >= embedded {
			whole := url.Values{"include": {"formfields"}}
			whole["customer_id:in"] = of["customer_id:in"]
			var err error
			if c.Addresses, _, err = all[wireAddress](ctx, r.o.From, addressesPath, whole, r.s.pageSize); err != nil {
				return err
			}
		}
		if len(c.Attributes) >= embedded {
			var err error
			if c.Attributes, _, err = all[wireValue](ctx, r.o.From, valuesPath, of, r.s.pageSize); err != nil {
				return err
			}
		}
	}
	return nil
}

// consents asks what customers said of cookies, where that is copied: one request for
// each.
func (r *run) consents(ctx context.Context, some []wireCustomer) error {
	if !r.o.Consents {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range some {
		g.Go(func() error {
			var said wireConsent
			err := r.o.From.Get(ctx, fmt.Sprintf("%s/%d/consent", customersPath, some[i].ID), nil, &said)
			if upstream.IsStatus(err, http.StatusNotFound) {
				return nil // gone, or nothing was said
			}
			if len(said.Allow)+len(said.Deny) > 0 {
				some[i].consent = &said
			}
			return err
		})
	}
	return g.Wait()
}

// customers copies customers, removes those with the ids gone, and moves the mirror
// on, in one transaction. Where a rule is broken each customer goes by itself.
func (r *run) customers(ctx context.Context, some []wireCustomer, gone []int64, move func(*Progress)) error {
	if err := r.complete(ctx, some); err != nil {
		return err
	}
	if err := r.consents(ctx, some); err != nil {
		return err
	}
	wrong, err := r.known(ctx, some)
	if err != nil {
		return err
	}
	err = r.change(ctx, func(tx *sqldb.Tx, p *Progress) error {
		if err := r.copyTx(tx, some, gone, p); err != nil {
			return err
		}
		p.note(wrong, r.s.sys.Now())
		move(p)
		return nil
	})
	if !broken(err) {
		return err
	}
	for i := range some {
		if err := r.alone(ctx, some[i:i+1]); err != nil {
			return err
		}
	}
	return r.change(ctx, func(tx *sqldb.Tx, p *Progress) error {
		if err := r.copyTx(tx, nil, gone, p); err != nil {
			return err
		}
		p.note(wrong, r.s.sys.Now())
		move(p)
		return nil
	})
}

// note adds problems.
func (p *Progress) note(wrong []Problem, now int64) {
	for _, w := range wrong {
		p.problem(w.Kind, w.ID, now, fmt.Errorf("%s", w.Message))
	}
}

// broken reports whether an error is of something that breaks a rule here.
func broken(err error) bool {
	if errors.Is(err, sqldb.ErrUnique) || errors.Is(err, sqldb.ErrForeignKey) {
		return true
	}
	f := fault.As(err)
	return f != nil && f != fault.As(ErrElsewhere) && (f.Kind == fault.Invalid || f.Kind == fault.Conflict || f.Kind == fault.NotFound || f.Kind == fault.TooLarge)
}

// copyTx copies customers with all that is theirs. Nobody is told of each.
func (r *run) copyTx(tx *sqldb.Tx, some []wireCustomer, gone []int64, p *Progress) error {
	tx.Mute(sqldb.Muted{Events: true, Entries: true})
	defer tx.Mute(sqldb.Muted{})
	// Who goes lets others have their email.
	n, err := r.s.customers.RemoveTx(tx, gone)
	if err != nil {
		return err
	}
	in, members := make([]customer.Create, len(some)), make([]segment.Membership, len(some))
	for i := range some {
		in[i], members[i] = some[i].command(r.ref.attributes), some[i].membership()
	}
	done, err := r.s.customers.CopyTx(tx, in)
	if err != nil {
		return err
	}
	if _, err := r.s.segments.CopyMembersTx(tx, members); err != nil {
		return err
	}
	for i := range some {
		if said := some[i].consent; said != nil {
			if err := customer.SetConsentTx(tx, some[i].ID, customer.Consent{Allow: said.Allow, Deny: said.Deny, DateModified: int64(said.Updated)}); err != nil {
				return err
			}
		}
	}
	p.Counts.add(done.Created, done.Changed, n)
	return nil
}

// alone copies one customer, and others whom it depends on, by itself: it makes room
// for the email, and leaves out what breaks a rule. What cannot be copied is told.
func (r *run) alone(ctx context.Context, some []wireCustomer) error {
	id := some[0].ID
	var gone []int64
	for range 4 {
		err := r.change(ctx, func(tx *sqldb.Tx, p *Progress) error { return r.copyTx(tx, some, gone, p) })
		if !broken(err) {
			return err
		}
		more, lost, failed := r.room(ctx, some)
		if failed != nil {
			return failed
		}
		changed := len(more)+len(lost) > 0
		some, gone = append(slices.Clone(some), more...), append(gone, lost...)
		if lacks := trim(&some[0], err); lacks != nil {
			changed = true
			if err := r.change(ctx, func(_ *sqldb.Tx, p *Progress) error { p.problem(markCustomer, id, r.s.sys.Now(), lacks); return nil }); err != nil {
				return err
			}
		}
		if !changed {
			return r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
				p.problem(markCustomer, id, r.s.sys.Now(), words.Terminal.Told(err))
				return nil
			})
		}
	}
	return nil
}

// room finds who has the emails of customers here: as they are there now, and those
// who are gone there.
func (r *run) room(ctx context.Context, some []wireCustomer) (more []wireCustomer, gone []int64, err error) {
	have := map[int64]bool{}
	for i := range some {
		have[some[i].ID] = true
	}
	var others []int64
	if err := r.s.db.Read(ctx, r.storeID, func(tx *sqldb.Tx) error {
		others = nil
		for i := range some {
			if err := tx.Pipeline(customer.HoldersQuery(some[i].Email, func(h customer.Holder) {
				if !have[h.ID] && !slices.Contains(others, h.ID) {
					others = append(others, h.ID)
				}
			})...); err != nil {
				return err
			}
		}
		return nil
	}); err != nil || len(others) == 0 {
		return nil, nil, err
	}
	more, gone, err = r.look(ctx, others)
	if err != nil {
		return nil, nil, err
	}
	if err := r.complete(ctx, more); err != nil {
		return nil, nil, err
	}
	_, err = r.known(ctx, more)
	return more, gone, err
}

// trim leaves out of a customer the addresses and attributes that break a rule, and
// says so; nil: there are none.
func trim(c *wireCustomer, err error) error {
	f := fault.As(err)
	if f == nil {
		return nil
	}
	addresses, values := map[int]bool{}, map[int]bool{}
	var told []string
	for i := range f.Items {
		it := &f.Items[i]
		at, of := customer.WrongAddress(it), addresses
		if at < 0 {
			at, of = customer.WrongAttribute(it), values
		}
		if at >= 0 {
			of[at] = true
			told = append(told, words.Terminal.Sentence(it))
		}
	}
	if len(told) == 0 {
		return nil
	}
	n := -1
	c.Addresses = slices.DeleteFunc(slices.Clone(c.Addresses), func(wireAddress) bool { n++; return addresses[n] })
	n = -1
	c.Attributes = slices.DeleteFunc(slices.Clone(c.Attributes), func(wireValue) bool { n++; return values[n] })
	return fmt.Errorf("left out: %s", strings.Join(told, "; "))
}

// look asks for customers with some ids, and returns which of them are gone.
func (r *run) look(ctx context.Context, ids []int64) (some []wireCustomer, gone []int64, err error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	var p page[wireCustomer]
	q := url.Values{"id:in": {strings.Join(texts, ",")}, "include": {includes}, "limit": {strconv.Itoa(r.s.pageSize)}}
	if err := r.o.From.Get(ctx, customersPath, q, &p); err != nil {
		return nil, nil, err
	}
	there := map[int64]bool{}
	for i := range p.Data {
		there[p.Data[i].ID] = true
	}
	for _, id := range ids {
		if !there[id] {
			gone = append(gone, id)
		}
	}
	return p.Data, gone, nil
}

// records is how the mirror copies records of one kind.
type records[T any] struct {
	name string // in problems
	id   func(*T) int64
	// put removes those with the ids gone and copies the others.
	put func(tx *sqldb.Tx, in []T, gone []int64, now int64, to *Counts) error
	// room makes room for one that broke a rule: do copies more beside it and removes
	// those gone. nil: there is none to make.
	room func(in *T, wrong error, do func(more []T, gone []int64) error) error
}

// copyAll copies records, removes those with the ids gone, and moves the mirror on, in
// one transaction. Where a rule is broken each record goes by itself; what cannot be
// copied is told.
func copyAll[T any](ctx context.Context, r *run, k records[T], in []T, gone []int64, move func(*Progress)) error {
	do := func(in []T, gone []int64, move func(*Progress)) error {
		return r.change(ctx, func(tx *sqldb.Tx, p *Progress) error {
			tx.Mute(sqldb.Muted{Events: true, Entries: true})
			defer tx.Mute(sqldb.Muted{})
			if err := k.put(tx, in, gone, r.s.sys.Now(), &p.Counts); err != nil {
				return err
			}
			move(p)
			return nil
		})
	}
	err := do(in, gone, move)
	if !broken(err) {
		return err
	}
	stay := func(*Progress) {}
	for i := range in {
		err := do(in[i:i+1], nil, stay)
		if broken(err) && k.room != nil {
			err = k.room(&in[i], err, func(more []T, gone []int64) error { return do(append(more, in[i]), gone, stay) })
		}
		if broken(err) {
			err = r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
				p.problem(k.name, k.id(&in[i]), r.s.sys.Now(), words.Terminal.Told(err))
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
	return do(nil, gone, move)
}

// subscribers is customers for subscribers.
func (r *run) subscribers(ctx context.Context, some []wireSubscriber, gone []int64, move func(*Progress)) error {
	in := make([]subscriber.Copy, len(some))
	for i := range some {
		in[i] = some[i].command(r.place())
	}
	return copyAll(ctx, r, records[subscriber.Copy]{
		name: markSubscriber,
		id:   func(c *subscriber.Copy) int64 { return c.ID },
		put: func(tx *sqldb.Tx, in []subscriber.Copy, gone []int64, now int64, to *Counts) error {
			n, err := subscriber.RemoveTx(tx, gone, now)
			if err != nil {
				return err
			}
			done, err := subscriber.CopyTx(tx, in, now)
			to.add(done.Created, done.Changed, n)
			to.Kept += int64(done.Kept)
			return err
		},
		room: func(in *subscriber.Copy, wrong error, do func([]subscriber.Copy, []int64) error) error {
			return r.makeRoom(ctx, in, wrong, do)
		},
	}, in, gone, move)
}

// makeRoom looks who has the address of a subscriber here, and does with whoever is
// somebody else there: as they are there now, or gone. wrong is what was wrong before.
func (r *run) makeRoom(ctx context.Context, in *subscriber.Copy, wrong error, do func(more []subscriber.Copy, gone []int64) error) error {
	other, err := r.s.subscribers.Find(ctx, r.storeID, in.ChannelID.Value, in.Email)
	if err != nil || other == nil || other.ID == in.ID {
		return errors.Join(wrong, err)
	}
	there, err := r.subscriber(ctx, other.ID)
	switch {
	case err != nil:
		return err
	case there == nil:
		return do(nil, []int64{other.ID})
	}
	return do([]subscriber.Copy{there.command(r.place())}, nil)
}

// subscriber asks for one; nil is none.
func (r *run) subscriber(ctx context.Context, id int64) (*wireSubscriber, error) {
	var s one[wireSubscriber]
	err := r.o.From.Get(ctx, subscribersPath+"/"+strconv.FormatInt(id, 10), nil, &s)
	if upstream.IsStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	return &s.Data, err
}

// metafields is customers for metafields.
func (r *run) metafields(ctx context.Context, some []wireMetafield, gone []int64, move func(*Progress)) error {
	in := make([]metafield.Metafield, len(some))
	for i := range some {
		in[i] = some[i].command()
	}
	return copyAll(ctx, r, records[metafield.Metafield]{
		name: "metafield",
		id:   func(m *metafield.Metafield) int64 { return m.ID },
		put: func(tx *sqldb.Tx, in []metafield.Metafield, gone []int64, now int64, to *Counts) error {
			n, err := metafield.RemoveTx(tx, gone, now)
			if err != nil {
				return err
			}
			done, err := metafield.CopyTx(tx, in, now)
			to.add(done.Created, done.Changed, n)
			return err
		},
	}, in, gone, move)
}
