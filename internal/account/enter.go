package account

import (
	"errors"
	"maps"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// entering is a sign-in by a proof, which is made together with others that wait.
type entering struct {
	channelID int64
	by        Proof
	c         Client
	grant     *Grant
	from      *history.Origin
}

// errApart: a sign-in changes more than those that are made together do.
var errApart = errors.New("account: the sign-in is to be made by itself")

// together reports whether a sign-in can be made together with others: no other
// session goes by it.
func (e *entering) together() bool {
	return e.grant.Session.Kind == Browser && e.c.Previous == "" && e.by.SessionID == 0
}

// enterAll opens sessions, in their order as if each was opened by itself after the
// one before, and returns which cannot be opened. Customers are locked in the order
// of their ids, then what is used once, then the counters, for as many entries as
// there mostly are: all in one round trip.
func (s *Service) enterAll(tx *sqldb.Tx, in []*entering) ([]error, error) {
	var once []Once
	for _, e := range in {
		if e.by.Once != nil {
			once = append(once, e.by.Once)
		}
	}
	var then []sqldb.Q
	if len(once) > 0 {
		then = append(then, once[0].Query(once[1:]...))
	}
	var counters store.Counters
	people, admissions, err := lockAll(tx, in, append(then, store.Advance{Entries: int64(len(in))}.Query(tx, &counters))...)
	if err != nil {
		return nil, err
	}
	own := make([]error, len(in))
	all := make([]*opened, 0, len(in))
	more := map[int64]int{} // sessions of a customer, by this
	entries, kept := int64(0), true
	for i, e := range in {
		who := people[e.by.CustomerID]
		used := error(nil)
		if e.by.Once != nil {
			used = e.by.Once.Err()
		}
		switch {
		case who == nil:
			own[i] = ErrNobody
		case !admissions[e.channelID].Enters(who.Channels):
			own[i] = ErrNoAccess
		case used != nil && !kept: // by one that is given back
			own[i] = errApart
		case used != nil:
			own[i] = used
		case e.c.Language.Keep(who.Locale) != who.Locale, more[who.ID] > 0 && len(who.sessions)+more[who.ID] >= maxSessions-1:
			own[i] = errApart
		default:
			more[who.ID]++
			said := who.consent
			e.grant.Consent = &said
			o := &opened{g: e.grant, c: e.c, who: who, how: opening{by: e.by.By, clientID: e.by.ClientID}, from: e.from}
			o.plan()
			entries += int64(len(o.entries))
			all = append(all, o)
			continue
		}
		if e.by.Once != nil && used == nil {
			kept = false
			if err := e.by.Once.GiveBack(tx); err != nil {
				return nil, err
			}
		}
	}
	if len(all) == 0 {
		return own, nil
	}
	switch rest := int64(len(in)) - entries; {
	case rest > 0:
		err = store.Advance{Entries: rest}.Undo(tx, &counters)
	case rest < 0:
		counters, err = store.Advance{Entries: -rest}.Run(tx)
	}
	if err != nil {
		return nil, err
	}
	return own, s.store(tx, all, &counters)
}

// lockAll is lockSessions for several, of which it returns those who are there, with
// the admissions to their channels. The sessions of those alone are read who have
// about as many as there may be. What else is asked runs after the locks, in the same
// round trip.
func lockAll(tx *sqldb.Tx, in []*entering, then ...sqldb.Q) (map[int64]*person, map[int64]*customer.Admission, error) {
	people, admissions := make(map[int64]*person, len(in)), map[int64]*customer.Admission{}
	times, most := make(map[int64]int, len(in)), 0
	var queries []sqldb.Q
	for _, e := range in {
		times[e.by.CustomerID]++
		most = max(most, times[e.by.CustomerID])
		if admissions[e.channelID] == nil {
			a := &customer.Admission{}
			admissions[e.channelID] = a
			queries = append(queries, a.Query(e.channelID)...)
		}
	}
	ids := slices.Sorted(maps.Keys(times))
	list, args := sqldb.In([]any{int64(maxSessions - most)}, ids)
	var full []int64
	queries = append(queries,
		customer.HoldPeopleQuery(tx, ids, func(p customer.Person) { people[p.ID] = &person{Person: p} }),
		customer.ConsentsQuery(ids, func(id int64, c customer.Consent) {
			if p := people[id]; p != nil {
				p.consent = c
			}
		}),
		// Those who act for the customer count as well here, as the index does not
		// know them.
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT customer_id FROM account_sessions WHERE store_id = $1 AND customer_id IN ` + list + ` GROUP BY customer_id HAVING COUNT(*) >= $2`),
			Args: args,
			Each: func(r *sqldb.Row) error { full = append(full, r.Int(0)); return nil },
		},
	)
	if err := tx.Pipeline(append(queries, then...)...); err != nil || len(full) == 0 {
		return people, admissions, err
	}
	list, args = sqldb.In(nil, full)
	return people, admissions, tx.Query(
		sqldb.Dynamic(`SELECT customer_id, id FROM account_sessions WHERE store_id = $1 AND customer_id IN `+list+` AND impersonation_id = 0 ORDER BY customer_id, date_seen DESC, id DESC`),
		func(r *sqldb.Row) error {
			if p := people[r.Int(0)]; p != nil {
				p.sessions = append(p.sessions, held{id: r.Int(1)})
			}
			return nil
		}, args...)
}
