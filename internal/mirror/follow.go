package mirror

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"clientele/internal/customer"
	"clientele/internal/metafield"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/upstream"
)

// overlap is how far behind what was seen last changes are looked for again, in
// seconds: what is written at the same time may become visible a little later.
const overlap = 30

// syncedEvery is how often is written down that the store is in line, in seconds,
// while nothing happens.
const syncedEvery = 5

// atOnce is how many single things are asked for at once.
const atOnce = 4

// follow does what is due after the first copy.
func (r *run) follow(ctx context.Context) error {
	now, elapsed := r.s.sys.Now(), r.s.sys.Elapsed()
	before := r.st.version
	if elapsed-r.referred >= r.o.Refer {
		if err := r.refer(ctx); err != nil {
			return err
		}
		r.hooked = false // webhooks may have been switched off there
	}
	busy, err := r.marks(ctx)
	if err != nil {
		return err
	}
	if !r.everPolled || elapsed-r.polled >= r.o.Poll {
		if err := r.poll(ctx); err != nil {
			return err
		}
		r.polled, r.everPolled = elapsed, true
	}
	if r.o.Once && !r.swept || r.st.Sweeping || now-r.st.Swept >= int64(r.o.Sweep/time.Second) {
		if err := r.sweep(ctx); err != nil {
			return err
		}
		r.swept = true
		if r.o.Once { // what changed meanwhile
			if err := r.poll(ctx); err != nil {
				return err
			}
		}
	}
	if busy || r.st.version == before && r.st.Error == "" && now-r.st.Synced < syncedEvery {
		return nil
	}
	return r.change(ctx, func(tx *sqldb.Tx, p *Progress) error {
		p.Synced, p.Error = now, ""
		if r.st.Synced == 0 || r.swept {
			return p.told(now, tx)
		}
		return nil
	})
}

// marked is a mark that is looked at.
type marked struct {
	kind      string
	id, stamp int64
}

// marks looks at what webhooks told of, and reports that there may be more.
func (r *run) marks(ctx context.Context) (more bool, err error) {
	for {
		by := map[string][]marked{}
		n := 0
		if err := r.s.db.Read(ctx, r.storeID, func(tx *sqldb.Tx) error {
			clear(by)
			n = 0
			return tx.Query(oldestMarks, func(row *sqldb.Row) error {
				m := marked{row.Text(0), row.Int(1), row.Int(2)}
				by[m.kind] = append(by[m.kind], m)
				n++
				return nil
			}, int64(r.s.pageSize))
		}); err != nil || n == 0 {
			return false, err
		}
		if err := r.markedCustomers(ctx, by[markCustomer]); err != nil {
			return false, err
		}
		if err := r.markedSubscribers(ctx, by[markSubscriber]); err != nil {
			return false, err
		}
		if err := r.markedMetafields(ctx, by[markMetafields]); err != nil {
			return false, err
		}
		if err := r.write(ctx, func(tx *sqldb.Tx, _ int64) error {
			for _, kind := range slices.Sorted(maps.Keys(by)) {
				for _, m := range by[kind] {
					// One that came since stays.
					if err := tx.Exec(dropMark, m.kind, m.id, m.stamp); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return false, err
		}
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
	}
}

func stay(*Progress) {}

func (r *run) markedCustomers(ctx context.Context, marks []marked) error {
	if len(marks) == 0 {
		return nil
	}
	ids := make([]int64, len(marks))
	for i, m := range marks {
		ids[i] = m.id
	}
	some, gone, err := r.look(ctx, ids)
	if err != nil {
		return err
	}
	return r.customers(ctx, some, gone, stay)
}

func (r *run) markedSubscribers(ctx context.Context, marks []marked) error {
	var mu sync.Mutex
	var some []wireSubscriber
	var gone []int64
	if err := each(ctx, marks, func(ctx context.Context, m marked) error {
		s, err := r.subscriber(ctx, m.id)
		mu.Lock()
		defer mu.Unlock()
		if s == nil {
			gone = append(gone, m.id)
		} else {
			some = append(some, *s)
		}
		return err
	}); err != nil || len(marks) == 0 {
		return err
	}
	return r.subscribers(ctx, some, gone, stay)
}

// markedMetafields looks at all metafields of customers.
func (r *run) markedMetafields(ctx context.Context, marks []marked) error {
	var mu sync.Mutex
	var some []wireMetafield
	of := map[int64]map[int64]bool{}
	if err := each(ctx, marks, func(ctx context.Context, m marked) error {
		fields, _, err := all[wireMetafield](ctx, r.o.From, fmt.Sprintf("%s/%d/metafields", customersPath, m.id), nil, r.s.pageSize)
		mu.Lock()
		defer mu.Unlock()
		of[m.id] = map[int64]bool{}
		for i := range fields {
			of[m.id][fields[i].ID] = true
		}
		some = append(some, fields...)
		return err
	}); err != nil || len(marks) == 0 {
		return err
	}
	var gone []int64
	if err := r.s.db.Read(ctx, r.storeID, func(tx *sqldb.Tx) error {
		gone = nil
		for id, there := range of {
			ids, err := metafield.IDsOf(tx, id)
			if err != nil {
				return err
			}
			for _, f := range ids {
				if !there[f] {
					gone = append(gone, f)
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	slices.Sort(gone)
	return r.metafields(ctx, some, gone, stay)
}

func each(ctx context.Context, marks []marked, do func(context.Context, marked) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, m := range marks {
		g.Go(func() error { return do(ctx, m) })
	}
	return g.Wait()
}

// poll looks for what changed since the last time.
func (r *run) poll(ctx context.Context) error {
	since := func(to int64) url.Values {
		return url.Values{"date_modified:min": {time.Unix(max(to-overlap, 0), 0).UTC().Format(time.RFC3339)}}
	}
	q := since(r.st.CustomersTo)
	q.Set("include", includes)
	q.Set("sort", "date_modified:asc")
	last := r.st.CustomersTo
	if err := pages(ctx, r, customersPath, q, func(some []wireCustomer) error {
		for i := range some {
			last = max(last, int64(some[i].Modified))
		}
		return r.customers(ctx, some, nil, stay)
	}); err != nil {
		return err
	}
	values := r.st.ValuesTo
	ids := map[int64]bool{}
	if err := pages(ctx, r, valuesPath, since(values), func(some []wireValue) error {
		for _, v := range some {
			values = max(values, int64(v.Modified))
			ids[v.CustomerID] = true
		}
		return nil
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(ids)), r.s.pageSize) {
		list, gone, err := r.look(ctx, some)
		if err != nil {
			return err
		}
		if err := r.customers(ctx, list, gone, stay); err != nil {
			return err
		}
	}
	subs := r.st.SubscribersTo
	if err := pages(ctx, r, subscribersPath, since(subs), func(some []wireSubscriber) error {
		for i := range some {
			subs = max(subs, int64(some[i].Modified))
		}
		return r.subscribers(ctx, some, nil, stay)
	}); err != nil {
		return err
	}
	fields := r.st.MetafieldsTo
	if err := pages(ctx, r, metafieldsPath, since(fields), func(some []wireMetafield) error {
		for i := range some {
			fields = max(fields, int64(some[i].Modified))
		}
		return r.metafields(ctx, some, nil, stay)
	}); err != nil {
		return err
	}
	if last == r.st.CustomersTo && values == r.st.ValuesTo && subs == r.st.SubscribersTo && fields == r.st.MetafieldsTo {
		return nil
	}
	return r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
		p.CustomersTo, p.ValuesTo, p.SubscribersTo, p.MetafieldsTo = last, values, subs, fields
		return nil
	})
}

// pages hands all of a list to do, page by page.
func pages[T any](ctx context.Context, r *run, path string, q url.Values, do func([]T) error) error {
	for cursor, n := "", 0; ; {
		p, after, number, err := next[T](ctx, r, path, q, cursor, n)
		if err != nil {
			return err
		}
		if len(p.Data) > 0 {
			if err := do(p.Data); err != nil {
				return err
			}
		}
		if after == "" && number == 0 {
			return nil
		}
		cursor, n = after, number
	}
}

// sweep looks at everybody: at customers by their ids, so that it goes on where it
// was cut off, then at all subscribers and metafields.
func (r *run) sweep(ctx context.Context) error {
	if !r.st.Sweeping {
		if err := r.change(ctx, func(_ *sqldb.Tx, p *Progress) error { p.Sweeping, p.SweepTo = true, 0; return nil }); err != nil {
			return err
		}
	}
	for {
		var ids []int64
		if err := r.s.db.Read(ctx, r.storeID, func(tx *sqldb.Tx) (err error) {
			ids, err = customer.IDsAfter(tx, r.st.SweepTo, r.s.pageSize)
			return err
		}); err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		some, gone, err := r.look(ctx, ids)
		if err != nil {
			return err
		}
		if err := r.customers(ctx, some, gone, func(p *Progress) { p.SweepTo = ids[len(ids)-1] }); err != nil {
			return err
		}
	}
	if err := r.sweepSubscribers(ctx); err != nil {
		return err
	}
	if err := r.sweepMetafields(ctx); err != nil {
		return err
	}
	return r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
		p.Sweeping, p.SweepTo, p.Swept = false, 0, r.s.sys.Now()
		return nil
	})
}

// sweepSubscribers copies all, and asks for each that is only here: one may have
// slipped from a page to the one before while they were read.
func (r *run) sweepSubscribers(ctx context.Context) error {
	there := map[int64]bool{}
	if err := pages(ctx, r, subscribersPath, nil, func(some []wireSubscriber) error {
		for i := range some {
			there[some[i].ID] = true
		}
		return r.subscribers(ctx, some, nil, stay)
	}); err != nil {
		return err
	}
	var only []marked
	for after := int64(0); ; {
		var ids []int64
		if err := r.s.db.Read(ctx, r.storeID, func(tx *sqldb.Tx) (err error) {
			ids, err = subscriber.IDsAfter(tx, after, r.s.pageSize)
			return err
		}); err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			if !there[id] {
				only = append(only, marked{kind: markSubscriber, id: id})
			}
		}
		after = ids[len(ids)-1]
	}
	for some := range slices.Chunk(only, r.s.pageSize) {
		if err := r.markedSubscribers(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// sweepMetafields is sweepSubscribers for metafields.
func (r *run) sweepMetafields(ctx context.Context) error {
	there := map[int64]bool{}
	if err := pages(ctx, r, metafieldsPath, nil, func(some []wireMetafield) error {
		for i := range some {
			there[some[i].ID] = true
		}
		return r.metafields(ctx, some, nil, stay)
	}); err != nil {
		return err
	}
	of := map[int64]bool{}
	for after := int64(0); ; {
		var ids, customers []int64
		if err := r.s.db.Read(ctx, r.storeID, func(tx *sqldb.Tx) (err error) {
			ids, customers, err = metafield.IDsAfter(tx, after, r.s.pageSize)
			return err
		}); err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		for i, id := range ids {
			if !there[id] {
				of[customers[i]] = true
			}
		}
		after = ids[len(ids)-1]
	}
	var only []marked
	for _, id := range slices.Sorted(maps.Keys(of)) {
		only = append(only, marked{kind: markMetafields, id: id})
	}
	for some := range slices.Chunk(only, r.s.pageSize) {
		if err := r.markedMetafields(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// scopes are what webhooks tell of.
var scopes = []string{"store/customer/*", "store/subscriber/*", "store/metafield/*"}

// kindOf returns the kind of mark of an event; empty: none.
func kindOf(scope string) string {
	switch {
	case strings.HasPrefix(scope, "store/customer/") && !strings.Contains(scope, "payment"):
		return markCustomer
	case strings.HasPrefix(scope, "store/subscriber/"):
		return markSubscriber
	case strings.HasPrefix(scope, "store/metafield/"):
		return markMetafields
	}
	return ""
}

type wireHook struct {
	ID          int64             `json:"id,omitempty"`
	Scope       string            `json:"scope"`
	Destination string            `json:"destination"`
	Headers     map[string]string `json:"headers,omitempty"`
	Active      bool              `json:"is_active"`
}

const hooksPath = "/v3/hooks"

// hook has the upstream tell of what happens. Webhooks of a run before that was cut
// off go on; otherwise everybody is looked at, as nobody has told of what happened
// meanwhile.
func (r *run) hook(ctx context.Context) error {
	if r.o.Callback == "" || r.hooked {
		return nil
	}
	alive := len(r.st.Hooks) == len(scopes) // a run may have been killed that registered them
	for _, id := range r.st.Hooks {
		var h one[wireHook]
		err := r.o.From.Get(ctx, fmt.Sprintf("%s/%d", hooksPath, id), nil, &h)
		if err != nil && !upstream.IsStatus(err, http.StatusNotFound) {
			return err
		}
		alive = alive && err == nil && h.Data.Active && h.Data.Destination == r.o.Callback
	}
	if alive {
		r.hooked = true
		return nil
	}
	if err := r.unhook(ctx); err != nil {
		return err
	}
	secret := r.s.sys.Hex(32)
	if err := r.write(ctx, func(tx *sqldb.Tx, _ int64) error { return tx.Exec(setSecret, hashOf(secret)) }); err != nil {
		return err
	}
	var made []int64
	for _, scope := range scopes {
		var h one[wireHook]
		err := r.o.From.Do(ctx, http.MethodPost, hooksPath, wireHook{Scope: scope, Destination: r.o.Callback, Headers: map[string]string{SecretHeader: secret}, Active: true}, &h)
		if err != nil {
			return fmt.Errorf("register the webhook %s: %w", scope, err)
		}
		made = append(made, h.Data.ID)
		if err := r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
			p.Hooks = slices.Clone(made)
			if p.Phase == Following {
				p.Sweeping, p.SweepTo = true, 0
			}
			return nil
		}); err != nil {
			return err
		}
	}
	r.hooked = true
	return nil
}

// strays are the webhooks that lead here and that nobody noted: the run was killed
// that registered them.
func (r *run) strays(ctx context.Context) (ids []int64, err error) {
	if r.o.Callback == "" {
		return nil, nil
	}
	var all one[[]wireHook]
	if err := r.o.From.Get(ctx, hooksPath, url.Values{"destination": {r.o.Callback}, "limit": {"250"}}, &all); err != nil {
		return nil, err
	}
	for _, h := range all.Data {
		if h.Destination == r.o.Callback && h.Headers[SecretHeader] != "" && !slices.Contains(r.st.Hooks, h.ID) {
			ids = append(ids, h.ID)
		}
	}
	return ids, nil
}

// unhook takes the webhooks away that were registered.
func (r *run) unhook(ctx context.Context) error {
	strays, err := r.strays(ctx)
	if err != nil {
		return err
	}
	all := append(slices.Clone(r.st.Hooks), strays...)
	if len(all) == 0 {
		return nil
	}
	for _, id := range all {
		err := r.o.From.Do(ctx, http.MethodDelete, hooksPath+"/"+strconv.FormatInt(id, 10), nil, nil)
		if err != nil && !upstream.IsStatus(err, http.StatusNotFound) {
			return fmt.Errorf("take a webhook away: %w", err)
		}
	}
	return r.change(ctx, func(tx *sqldb.Tx, p *Progress) error {
		p.Hooks = nil
		return tx.Exec(setSecret, "")
	})
}

// Leave takes the webhooks away that a run has left, as one that was killed does, and
// forgets the mirror. What was copied stays. Where the account is refused by now, nobody
// can take webhooks away: refused says so, and the mirror ends all the same.
func (s *Service) Leave(ctx context.Context, storeID int64, from *upstream.Client) (refused, err error) {
	st, err := s.Get(ctx, storeID)
	if err != nil {
		return nil, err
	}
	err = (&run{s: s, storeID: storeID, o: Options{From: from, Each: func(*State) {}}, st: st}).unhook(ctx)
	if upstream.IsStatus(err, http.StatusUnauthorized, http.StatusForbidden, http.StatusGone) {
		refused, err = err, nil
	}
	if err != nil {
		return nil, err
	}
	return refused, s.end(ctx, storeID)
}
