package account

import (
	"errors"
	"maps"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
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
// of their ids.
func (s *Service) enterAll(tx *sqldb.Tx, in []*entering) ([]error, error) {
	own := make([]error, len(in))
	people, admissions, err := lockAll(tx, in)
	if err != nil {
		return nil, err
	}
	var all []*opened
	var at []int // in in
	var once []Once
	more := map[int64]int{} // sessions of a customer, by this
	for i, e := range in {
		who := people[e.by.CustomerID]
		switch {
		case who == nil:
			own[i] = ErrNobody
		case !admissions[e.channelID].Enters(who.Channels):
			own[i] = ErrNoAccess
		case e.c.Language.Keep(who.Locale) != who.Locale, more[who.ID] > 0 && len(who.sessions)+more[who.ID] >= maxSessions-1:
			own[i] = errApart
		default:
			more[who.ID]++
			said := who.consent
			e.grant.Consent = &said
			all, at = append(all, &opened{g: e.grant, c: e.c, who: who, how: opening{by: e.by.By, clientID: e.by.ClientID}, from: e.from}), append(at, i)
			if e.by.Once != nil {
				once = append(once, e.by.Once)
			}
		}
	}
	if len(all) == 0 {
		return own, nil
	}
	return own, s.openAll(tx, all, once, func(i int) error {
		if used := in[at[i]].by.Once; used != nil {
			own[at[i]] = used.Err()
		}
		return own[at[i]]
	})
}

// lockAll is lockSessions for several, of which it returns those who are there,
// with the admissions to their channels.
func lockAll(tx *sqldb.Tx, in []*entering) (map[int64]*person, map[int64]*customer.Admission, error) {
	people, admissions := make(map[int64]*person, len(in)), map[int64]*customer.Admission{}
	ids := make(map[int64]bool, len(in))
	var queries []sqldb.Q
	for _, e := range in {
		ids[e.by.CustomerID] = true
		if admissions[e.channelID] == nil {
			a := &customer.Admission{}
			admissions[e.channelID] = a
			queries = append(queries, a.Query(e.channelID)...)
		}
	}
	sorted := slices.Sorted(maps.Keys(ids))
	list, args := sqldb.In(nil, sorted)
	err := tx.Pipeline(append(queries,
		customer.HoldPeopleQuery(tx, sorted, func(p customer.Person) { people[p.ID] = &person{Person: p} }),
		customer.ConsentsQuery(sorted, func(id int64, c customer.Consent) {
			if p := people[id]; p != nil {
				p.consent = c
			}
		}),
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT customer_id, id FROM account_sessions WHERE store_id = $1 AND customer_id IN ` + list + ` AND impersonation_id = 0 ORDER BY customer_id, date_seen DESC, id DESC`),
			Args: args,
			Each: func(r *sqldb.Row) error {
				if p := people[r.Int(0)]; p != nil {
					p.sessions = append(p.sessions, held{id: r.Int(1)})
				}
				return nil
			},
		},
	)...)
	return people, admissions, err
}
