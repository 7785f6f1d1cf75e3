package search

import (
	"context"
	"maps"
	"slices"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

const (
	// foldBite is how many customers one transaction puts into the lists.
	foldBite = 2000
	// soon is from how many recent customers on they are put into the lists at
	// once; fewer wait a few seconds for others.
	soon      = 1000
	soonEvery = time.Second
	lateEvery = 10 * time.Second
	// shift is for how long a job works before it lets others have a go.
	shift = 20 * time.Second
)

var fillSchedule = []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}

// Register has r keep the lists.
func (x *Index) Register(r *jobs.Runner) {
	for _, name := range []string{fillJob, "search_names"} {
		r.Register(jobs.Kind{Name: name, Handler: x.fill, Limit: 2, Schedule: fillSchedule})
	}
	r.Every("search", soonEvery, func(ctx context.Context) error { return x.foldStores(ctx, soon) })
	r.Every("search of few", lateEvery, func(ctx context.Context) error { return x.foldStores(ctx, 1) })
}

// fill is the handler. What was filled in stays so when it is cut off.
func (x *Index) fill(ctx context.Context, job jobs.Job) error {
	end := x.sys.Clock().Add(shift)
	for x.sys.Clock().Before(end) {
		for range foldBite / fillBite {
			done, err := x.Fill(ctx, job.StoreID)
			if done || err != nil {
				return err
			}
		}
		if _, err := x.Fold(ctx, job.StoreID); err != nil {
			return err
		}
	}
	return jobs.NotNow(time.Second)
}

var (
	anyRecent   = sqldb.Global(`SELECT s.id FROM stores s WHERE EXISTS (SELECT 1 FROM search_recent r WHERE r.store_id = s.id)`)
	firstRecent = sqldb.Static(`SELECT customer_id FROM search_recent WHERE store_id = $1 ORDER BY customer_id LIMIT $2`)
)

// foldStores folds in the stores that have so many recent customers.
func (x *Index) foldStores(ctx context.Context, least int) error {
	var stores []int64
	if err := x.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Query(anyRecent, func(r *sqldb.Row) error { stores = append(stores, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	for _, id := range stores {
		n := 0
		if err := x.db.Read(ctx, id, func(tx *sqldb.Tx) error {
			n = 0
			return tx.Query(firstRecent, func(*sqldb.Row) error { n++; return nil }, int64(least))
		}); err != nil {
			return err
		}
		for more := n == least; more && ctx.Err() == nil; {
			var err error
			if more, err = x.Fold(ctx, id); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// edit is what is added to a list of ids and removed from it, sorted.
type edit struct {
	add, remove []int64
	spelled     bool // an added one has the term as a word with other spellings
}

// list is a term's row.
type list struct {
	customers, full int64
	spelled, there  bool
	newest          string
}

// folding is one transaction of Fold.
type folding struct {
	tx      *sqldb.Tx
	edits   map[string]*edit
	rows    []any
	newWord []string
	oldWord []string
	endings []any // of the words of names that are new
}

const recentColumns = `customer_id, was, words`

var (
	dropRecent  = sqldb.Static(`DELETE FROM search_recent WHERE store_id = $1 AND customer_id BETWEEN $2 AND $3`)
	dropOne     = sqldb.Static(`DELETE FROM search_recent WHERE store_id = $1 AND customer_id = $2`)
	insertTerms = sqldb.StaticRows(`INSERT INTO search_terms (store_id, term, customers, spelled, full_to, newest) VALUES `, 0, 5, batches,
		` ON CONFLICT (store_id, term) DO UPDATE SET customers = excluded.customers, spelled = excluded.spelled, full_to = excluded.full_to, newest = excluded.newest`)
	dropTerm    = sqldb.Static(`DELETE FROM search_terms WHERE store_id = $1 AND term = $2`)
	blockBefore = sqldb.Static(`SELECT first_id, ids FROM search_blocks WHERE store_id = $1 AND term = $2 AND first_id <= $3 ORDER BY first_id DESC LIMIT 1`)
	blockFirst  = sqldb.Static(`SELECT first_id, ids FROM search_blocks WHERE store_id = $1 AND term = $2 ORDER BY first_id LIMIT 1`)
	insertBlock = sqldb.Static(`INSERT INTO search_blocks (store_id, term, first_id, ids) VALUES ($1, $2, $3, $4)`)
	dropBlock   = sqldb.Static(`DELETE FROM search_blocks WHERE store_id = $1 AND term = $2 AND first_id = $3`)
)

// Fold puts recent customers of a store into the lists, and tells that there may
// be more.
func (x *Index) Fold(ctx context.Context, storeID int64) (more bool, err error) {
	err = x.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		more = false
		tx.Replan() // the lists grow with each time
		if err := tx.Exec(ensureStore); err != nil {
			return err
		}
		// One process folds at a time. Writers of customers do not wait for it but
		// where they change one again that is being folded.
		var s state
		if err := tx.Pipeline(s.query(sqldb.Dynamic(selectStore.SQL() + tx.ForUpdate()))); err != nil {
			return err
		}
		f := folding{tx: tx, edits: map[string]*edit{}}
		ids, erased, err := f.take()
		if err != nil || len(ids) == 0 {
			return err
		}
		more = len(ids) == foldBite
		if err := f.apply(); err != nil {
			return err
		}
		d := dictionary{tx: tx, buckets: s.buckets, words: s.words}
		if err := d.change(f.newWord, f.oldWord); err != nil {
			return err
		}
		if d.buckets != s.buckets || d.words != s.words {
			if err := tx.Exec(updateStore, d.buckets, d.words); err != nil {
				return err
			}
		}
		if erased {
			tx.Signal(sqldb.Erased)
		}
		return f.forget(ids)
	})
	return more, err
}

// take reads recent rows and locks them. Those that somebody is writing wait for
// the next time.
func (f *folding) take() (ids []int64, erased bool, err error) {
	stmt := sqldb.Dynamic(`SELECT ` + recentColumns + ` FROM search_recent WHERE store_id = $1 ORDER BY customer_id LIMIT $2` + f.tx.SkipLocked())
	was := map[string]bool{}
	err = f.tx.Query(stmt, func(r *sqldb.Row) error {
		id := r.Int(0)
		ids = append(ids, id)
		clear(was)
		old := func(term string, _ bool) { was[term] = true }
		now := func(term string, spelled bool) {
			delete(was, term)
			e := f.edit(term)
			if n := len(e.add); n == 0 || e.add[n-1] != id {
				e.add = append(e.add, id)
			}
			e.spelled = e.spelled || spelled
		}
		eachTerm(r.Text(1), old)
		eachNameTerm(nameIn(r.Text(1)), old)
		eachTerm(r.Text(2), now)
		eachNameTerm(nameIn(r.Text(2)), now)
		for term := range was {
			erased = true
			e := f.edit(term)
			e.remove = append(e.remove, id)
		}
		return nil
	}, int64(foldBite))
	return ids, erased, err
}

func (f *folding) edit(term string) *edit {
	e := f.edits[term]
	if e == nil {
		e = &edit{}
		f.edits[term] = e
	}
	return e
}

// forget takes the rows away that were folded.
func (f *folding) forget(ids []int64) error {
	for i := 0; i < len(ids); {
		n := 1
		for i+n < len(ids) && ids[i+n] == ids[i]+int64(n) {
			n++
		}
		// There is nothing between neighbours that was not folded.
		var err error
		if n > 1 {
			err = f.tx.Exec(dropRecent, ids[i], ids[i+n-1])
		} else {
			err = f.tx.Exec(dropOne, ids[i])
		}
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

// apply edits the lists, in the order of their terms.
func (f *folding) apply() error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(f.edits)), 8*maxLookups) {
		have := make(map[string]*list, len(some))
		if err := f.tx.Pipeline(listsQuery(some, have)...); err != nil {
			return err
		}
		for _, term := range some {
			l := have[term]
			if l == nil {
				l = &list{}
			}
			if err := f.one(term, l, f.edits[term]); err != nil {
				return err
			}
		}
		if err := insertTerms.Exec(f.tx, nil, f.rows); err != nil {
			return err
		}
		f.rows = f.rows[:0]
		if err := insertEndings.Exec(f.tx, nil, f.endings); err != nil {
			return err
		}
		f.endings = f.endings[:0]
	}
	return nil
}

func listsQuery(terms []string, into map[string]*list) []sqldb.Q {
	return lookups(`SELECT term, customers, spelled, full_to, newest FROM search_terms WHERE store_id = $1 AND term = `, terms,
		func(r *sqldb.Row) error {
			into[r.Text(0)] = &list{r.Int(1), r.Int(3), r.Flag(2), true, r.Text(4)}
			return nil
		})
}

// one edits the list of a term.
func (f *folding) one(term string, l *list, e *edit) error {
	before := *l
	oldAdd, newAdd := split(e.add, l.full)
	oldRemove, newRemove := split(e.remove, l.full)
	if len(oldAdd)+len(oldRemove) > 0 {
		n, err := f.blocks(term, oldAdd, oldRemove)
		if err != nil {
			return err
		}
		l.customers += n
	}
	if len(newAdd)+len(newRemove) > 0 {
		ids, n := merge(readIDs(nil, 0, l.newest), newAdd, newRemove)
		l.customers += n
		// All but the last piece are full and go among the blocks.
		pieces := chunks(ids)
		for len(pieces) > 1 {
			if err := f.put(term, pieces[0]); err != nil {
				return err
			}
			l.full = pieces[0][len(pieces[0])-1]
			pieces = pieces[1:]
		}
		l.newest = ""
		if len(pieces) > 0 {
			l.newest = string(appendIDs(nil, 0, pieces[0]))
		}
	}
	if l.customers <= 0 {
		if !before.there {
			return nil
		}
		if before.spelled {
			f.oldWord = append(f.oldWord, term)
		}
		if err := dropEndings(f.tx, term); err != nil {
			return err
		}
		return f.tx.Exec(dropTerm, term)
	}
	if e.spelled && !l.spelled {
		l.spelled = true
		f.newWord = append(f.newWord, term)
	}
	if !before.there {
		for _, ending := range endings(term) {
			f.endings = append(f.endings, ending, term)
		}
	}
	f.rows = append(f.rows, term, l.customers, sqldb.Flag(l.spelled), l.full, l.newest)
	return nil
}

// split parts sorted ids at the last one of the full blocks.
func split(ids []int64, full int64) (old, newer []int64) {
	i, found := slices.BinarySearch(ids, full)
	if found {
		i++
	}
	return ids[:i], ids[i:]
}

func (f *folding) put(term string, ids []int64) error {
	return f.tx.Exec(insertBlock, term, ids[0], string(appendIDs(nil, ids[0], ids[1:])))
}

// blocks edits the full blocks of a term, and returns by how many ids there are
// more.
func (f *folding) blocks(term string, add, remove []int64) (more int64, err error) {
	type block struct {
		first     int64
		ids       []int64
		add, gone []int64
	}
	var touched []*block
	at := func(id int64) (*block, error) {
		b := &block{first: -1}
		take := func(r *sqldb.Row) error {
			b.first = r.Int(0)
			b.ids = readIDs([]int64{b.first}, b.first, r.Text(1))
			return nil
		}
		if err := f.tx.Query(blockBefore, take, term, id); err != nil {
			return nil, err
		}
		if b.first < 0 {
			if err := f.tx.Query(blockFirst, take, term); err != nil {
				return nil, err
			}
		}
		for _, t := range touched {
			if t.first == b.first {
				return t, nil
			}
		}
		touched = append(touched, b)
		return b, nil
	}
	for _, id := range add {
		b, err := at(id)
		if err != nil {
			return 0, err
		}
		b.add = append(b.add, id)
	}
	for _, id := range remove {
		b, err := at(id)
		if err != nil {
			return 0, err
		}
		b.gone = append(b.gone, id)
	}
	for _, b := range touched {
		ids, n := merge(b.ids, b.add, b.gone)
		more += n
		if b.first >= 0 {
			if err := f.tx.Exec(dropBlock, term, b.first); err != nil {
				return 0, err
			}
		}
		for _, piece := range chunks(ids) {
			if err := f.put(term, piece); err != nil {
				return 0, err
			}
		}
	}
	return more, nil
}
