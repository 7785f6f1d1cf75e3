package subscriber

import "clientele/internal/sqldb"

// ensureBite is how many subscribers Ensure makes at once: each time the row of the
// store's counters changes, which grows slower with each change in a transaction.
const ensureBite = 200

// Ensure makes subscribers, each unless there is one with that id or, without an id,
// with that address on the channel, inside tx. It returns which of them an error is
// about.
func Ensure(tx *sqldb.Tx, in []Create, by Origin, now int64) (at int, err error) {
	by = by.Came(tx.Context())
	all := make([]*creation, len(in))
	for i := range in {
		sub, err := in[i].build()
		if err != nil {
			return i, err
		}
		all[i] = &creation{Subscriber: sub, given: in[i].ID, by: by}
	}
	for from := 0; from < len(all); {
		some := apart(all[from:])
		tx.Replan() // the tables grow with each time
		k, err := ensure(tx, some, now)
		if err != nil {
			return from + k, err
		}
		from += len(some)
	}
	return 0, nil
}

// apart returns the first of creations that are looked for and made together: of
// which none is what another one makes, with ids that are all chosen or all drawn.
func apart(in []*creation) []*creation {
	places, ids := map[place]bool{}, map[int64]bool{}
	for n, c := range in {
		if n == ensureBite || (c.given == 0) != (in[0].given == 0) || places[c.place()] || ids[c.given] {
			return in[:n]
		}
		places[c.place()] = true
		if c.given != 0 {
			ids[c.given] = true
		}
	}
	return in
}

// ensure makes those of creations that are apart who are not there.
func ensure(tx *sqldb.Tx, in []*creation, now int64) (at int, err error) {
	there := map[int64]bool{}
	held := map[place]bool{}
	ids, emails := make([]int64, len(in)), make([]string, len(in))
	for i, c := range in {
		ids[i], emails[i] = c.given, c.Email
	}
	var qs []sqldb.Q
	if in[0].given == 0 {
		qs = heldQuery(emails, held, ends{})
	} else {
		of, args := sqldb.Within(nil, ids)
		qs = []sqldb.Q{{Stmt: sqldb.Dynamic(`SELECT id FROM subscribers WHERE store_id = $1 AND ` + of("id")), Args: args, Each: func(r *sqldb.Row) error {
			there[r.Int(0)] = true
			return nil
		}}}
	}
	if err := tx.Pipeline(qs...); err != nil {
		return 0, err
	}
	var fresh []*creation
	var which []int
	for i, c := range in {
		if !there[c.given] && (c.given != 0 || !held[c.place()]) {
			fresh, which = append(fresh, c), append(which, i)
		}
	}
	own, err := createAll(tx, fresh, now)
	if err != nil {
		return 0, err
	}
	for k, err := range own {
		// Who was erased does not come back by a file that was there before.
		if err != nil && !Refused(err) {
			return which[k], err
		}
	}
	return 0, nil
}
