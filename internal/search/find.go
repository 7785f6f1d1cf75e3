package search

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"

	"clientele/internal/sqldb"
)

// Bounds of the work of one search.
const (
	maxRecent  = 5000    // recent rows that are looked through
	maxPrefix  = 400     // terms that begin with a word
	maxOther   = 100     // other spellings of a word
	maxRead    = 150_000 // ids that one word's lists may have to be read as a whole
	newestOnly = 2       // blocks that are read of each longer list
	fewEnough  = 200     // customers that are rather looked at than looked up in lists
	maxLooked  = 1000    // customers that are looked at
	maxEmails  = 1000    // of one word
	maxByID    = 200     // ids that begin with a number, of each length
	typedTerms = 60      // maxPrefix where somebody still types
)

// Hit is a customer who was found.
type Hit struct {
	ID      int64
	Matches []Match // one for each word

	rank rank
}

// Found is the answer to a search, the best first.
type Found struct {
	Hits []Hit
	// Complete tells that all customers were searched: older ones are filled in
	// after an upgrade, and very many that changed at once are put into the lists
	// one after the other.
	Complete bool
}

// rank is the order of hits: few edits come first, then few prefixes, then rare
// terms, then the newest.
type rank struct {
	edits, prefixes, common int
	id                      int64
}

func (r rank) compare(o rank) int {
	switch {
	case r.edits != o.edits:
		return r.edits - o.edits
	case r.prefixes != o.prefixes:
		return r.prefixes - o.prefixes
	case r.common != o.common:
		return r.common - o.common
	}
	return cmp.Compare(o.id, r.id)
}

func (r rank) with(k Kind, customers int64) rank {
	switch k {
	case Prefix:
		r.prefixes++
	case Typo:
		r.edits++
	case Typos:
		r.edits += 2
	}
	r.common += bits.Len64(uint64(customers))
	return r
}

// Search finds customers.
func (x *Index) Search(ctx context.Context, storeID int64, q *Query, limit int) (*Found, error) {
	var out *Found
	err := x.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = x.Find(tx, q, limit)
		return err
	})
	return out, err
}

// Find is Search in a transaction.
func (x *Index) Find(tx *sqldb.Tx, q *Query, limit int) (*Found, error) {
	out := &Found{Complete: true}
	seen := map[int64]bool{}
	for i, words := range q.readings {
		if len(out.Hits) >= limit {
			break
		}
		f := &finder{x: x, tx: tx, words: words, limit: limit, prefixes: maxPrefix}
		if q.Typing {
			f.prefixes, f.skim = typedTerms, true
		}
		hits, err := f.find()
		if err != nil {
			return nil, err
		}
		out.Complete = out.Complete && f.complete
		for _, h := range hits {
			if i == 0 || !seen[h.ID] {
				seen[h.ID] = true
				out.Hits = append(out.Hits, h)
			}
		}
	}
	out.Hits = out.Hits[:min(len(out.Hits), limit)]
	return out, nil
}

// expansion is a term that a word stands for.
type expansion struct {
	term      string
	kind      Kind
	customers int64
}

// side is where a word may be found.
type side struct {
	*word
	terms  []expansion
	emails []int64
	// open: there are more terms than are known, so that only a look at a
	// customer tells.
	open bool
}

// cost is how many ids a word's lists have.
func (s *side) cost() int64 {
	if s.open {
		return math.MaxInt64
	}
	n := int64(len(s.emails))
	for _, e := range s.terms {
		n += e.customers
	}
	if s.id != 0 {
		n++
		if s.last {
			n += maxByID
		}
	}
	return n
}

// recent is a row of search_recent.
type recent struct {
	id    int64
	kinds []Kind // by word
}

// finder is one search for the words of a reading.
type finder struct {
	x     *Index
	tx    *sqldb.Tx
	words []word
	limit int
	// prefixes is how many terms are read that begin with a word. skim has the newest
	// of the rarest word looked at alone.
	prefixes int
	skim     bool

	state    state
	complete bool
	sides    []side
	recent   []recent
	lists    map[string]*list
	blocks   map[string][]int64 // the ids of lists that were read
	partial  bool               // the newest of them alone
}

var (
	selectRecent = sqldb.Static(`SELECT customer_id, words FROM search_recent WHERE store_id = $1 ORDER BY customer_id DESC LIMIT $2`)
	selectPrefix = sqldb.Static(`SELECT term, customers FROM search_terms WHERE store_id = $1 AND term > $2 AND term < $3 ORDER BY term LIMIT $4`)
	allBlocks    = sqldb.Static(`SELECT first_id, ids FROM search_blocks WHERE store_id = $1 AND term = $2 ORDER BY first_id`)
	newestBlocks = sqldb.Static(`SELECT first_id, ids FROM search_blocks WHERE store_id = $1 AND term = $2 ORDER BY first_id DESC LIMIT $3`)
)

// afterAll is more than any character.
const afterAll = "\U0010FFFF"

// find first looks for what is spelled so, then for other spellings too.
func (f *finder) find() ([]Hit, error) {
	f.lists, f.blocks = map[string]*list{}, map[string][]int64{}
	if err := f.start(); err != nil {
		return nil, err
	}
	if f.skim = f.skim && f.wide(); f.skim {
		if hits, err := f.evaluate(Prefix); err != nil || len(hits) >= f.limit {
			return hits, err
		}
		f.skim = false
	}
	hits, err := f.evaluate(Prefix)
	if err != nil || len(hits) >= f.limit {
		return hits, err
	}
	if !slices.ContainsFunc(f.words, func(w word) bool { return w.spelled }) {
		return hits, nil
	}
	if err := f.respell(); err != nil {
		return nil, err
	}
	return f.evaluate(Typos)
}

// wide reports whether the rarest word leads to many, and no other one has lists
// that are read.
func (f *finder) wide() bool {
	read := 0
	for i := range f.sides {
		switch n := f.sides[i].cost(); {
		case n <= f.x.Many:
			return false
		case n <= maxRead:
			read++
		}
	}
	return read <= 1
}

// start reads what the words lead to at once.
func (f *finder) start() error {
	f.sides = make([]side, len(f.words))
	var exact []string
	qs := []sqldb.Q{f.state.query(selectStore), {Stmt: selectRecent, Args: []any{int64(maxRecent + 1)}, Each: f.takeRecent}}
	for i := range f.words {
		s := &f.sides[i]
		s.word = &f.words[i]
		if s.text != "" {
			exact = append(exact, s.text)
			if s.last {
				qs = append(qs, sqldb.Q{Stmt: selectPrefix, Args: []any{s.text, s.text + afterAll, int64(f.prefixes + 1)}, Each: func(r *sqldb.Row) error {
					if s.open = len(s.terms) == f.prefixes; !s.open {
						s.terms = append(s.terms, expansion{r.Text(0), Prefix, r.Int(1)})
					}
					return nil
				}})
			}
		}
		if s.phone != "" {
			exact = append(exact, phoneTerm+s.phone[len(s.phone)-phoneKey:])
		}
		if s.email != "" {
			qs = append(qs, f.x.source.EmailQuery(s.email, s.last, maxEmails, func(id int64) { s.emails = append(s.emails, id) }))
		}
	}
	if len(exact) > 0 {
		qs = append(qs, listsQuery(exact, f.lists)...)
	}
	if err := f.tx.Pipeline(qs...); err != nil {
		return err
	}
	f.complete = f.state.filled < 0 && len(f.recent) <= maxRecent
	for i := range f.sides {
		s := &f.sides[i]
		if l := f.lists[s.text]; l != nil && s.text != "" {
			s.terms = append(s.terms, expansion{s.text, Exact, l.customers})
		}
		if s.phone != "" {
			key := phoneTerm + s.phone[len(s.phone)-phoneKey:]
			if l := f.lists[key]; l != nil {
				s.terms = append(s.terms, expansion{key, Exact, l.customers})
			}
		}
		slices.Sort(s.emails)
		s.emails = slices.Compact(s.emails)
	}
	return nil
}

// takeRecent compares a recent row with the words.
func (f *finder) takeRecent(r *sqldb.Row) error {
	row := recent{r.Int(0), make([]Kind, len(f.words))}
	for i := range row.kinds {
		row.kinds[i] = none
	}
	some := false
	eachTerm(r.Text(1), func(term string, spelled bool) {
		for i := range f.words {
			w := &f.words[i]
			k := w.kind(term, spelled)
			if w.phone != "" && term == phoneTerm+w.phone[len(w.phone)-phoneKey:] {
				k = Exact
			}
			if k < row.kinds[i] {
				row.kinds[i], some = k, true
			}
		}
	})
	if !some {
		row.kinds = nil
	}
	f.recent = append(f.recent, row)
	return nil
}

// respell adds the other spellings of the words.
func (f *finder) respell() error {
	near := make([]map[string]Kind, len(f.sides))
	var buckets []int64
	for i := range f.sides {
		if s := &f.sides[i]; s.spelled {
			near[i] = map[string]Kind{}
			for _, b := range leading(s.speller.word, s.speller.most, f.state.buckets) {
				if !slices.Contains(buckets, b) {
					buckets = append(buckets, b)
				}
			}
		}
	}
	buckets = append(buckets, pendingBucket)
	if err := f.tx.Pipeline(bucketsQuery(buckets, func(_ int64, text string) { f.compare(text, near) })...); err != nil {
		return err
	}
	var terms []string
	chosen := make([][]string, len(f.sides))
	for i, found := range near {
		for term := range found {
			chosen[i] = append(chosen[i], term)
		}
		slices.SortFunc(chosen[i], func(a, b string) int { return cmp.Or(cmp.Compare(found[a], found[b]), cmp.Compare(a, b)) })
		chosen[i] = chosen[i][:min(len(chosen[i]), maxOther)]
		terms = append(terms, chosen[i]...)
	}
	if len(terms) > 0 {
		if err := f.tx.Pipeline(listsQuery(terms, f.lists)...); err != nil {
			return err
		}
	}
	for i := range f.sides {
		for _, term := range chosen[i] {
			if l := f.lists[term]; l != nil {
				f.sides[i].terms = append(f.sides[i].terms, expansion{term, near[i][term], l.customers})
			}
		}
	}
	return nil
}

// compare notes which words of a bucket are other spellings.
func (f *finder) compare(text string, near []map[string]Kind) {
	for from := 0; from < len(text); {
		to := from
		for to < len(text) && text[to] != ' ' {
			to++
		}
		term := text[from:to]
		from = to + 1
		m := mask(term)
		for i := range f.sides {
			s := &f.sides[i]
			if near[i] == nil || bits.OnesCount64(m^s.speller.mask) > 2*s.speller.most {
				continue
			}
			if k := s.kind(term, true); k == Typo || k == Typos {
				near[i][term] = k
			}
		}
	}
}

// candidate is a customer by what lists tell; the rank is the best that it may
// have.
type candidate struct {
	id   int64
	rank rank
}

// byID orders candidates by id, and the best of each first.
func byID(a, b candidate) int {
	if a.id != b.id {
		return cmp.Compare(a.id, b.id)
	}
	return a.rank.compare(b.rank)
}

// evaluate returns who matches all words, with kinds up to most.
func (f *finder) evaluate(most Kind) ([]Hit, error) {
	all, err := f.candidates(most)
	if err != nil {
		return nil, err
	}
	all = append(all, f.recentCandidates(most)...)
	slices.SortFunc(all, byID)
	all = slices.CompactFunc(all, func(a, b candidate) bool { return a.id == b.id })
	slices.SortFunc(all, func(a, b candidate) int { return a.rank.compare(b.rank) })
	n := maxLooked
	if f.skim {
		n = min(n, int(f.x.Many))
	}
	return f.look(all[:min(len(all), n)], most)
}

// recentCandidates are those of the recent rows that match.
func (f *finder) recentCandidates(most Kind) []candidate {
	var out []candidate
	for i := range f.recent {
		row := &f.recent[i]
		r := rank{id: row.id}
		ok := true
		for j := range f.sides {
			s := &f.sides[j]
			k := s.matchID(row.id)
			if row.kinds != nil {
				k = min(k, row.kinds[j])
			}
			if _, has := slices.BinarySearch(s.emails, row.id); has {
				k = Exact
			}
			if ok = k <= most; !ok {
				break
			}
			r = r.with(k, 0)
		}
		if ok {
			out = append(out, candidate{row.id, r})
		}
	}
	return out
}

// candidates takes the ids of the rarest word and those of them that the others
// have too.
func (f *finder) candidates(most Kind) ([]candidate, error) {
	order := make([]*side, len(f.sides))
	for i := range f.sides {
		order[i] = &f.sides[i]
	}
	slices.SortStableFunc(order, func(a, b *side) int { return cmp.Compare(a.cost(), b.cost()) })
	if len(order) == 0 {
		return nil, nil
	}
	now, err := f.union(order[0], most)
	if err != nil {
		return nil, err
	}
	for _, s := range order[1:] {
		if len(now) <= fewEnough {
			break
		}
		if s.open {
			err = f.promise(now, s)
		} else if s.cost() <= maxRead {
			now, err = f.intersect(now, s, most)
		} // else only a look at the customers tells
		if err != nil {
			return nil, err
		}
	}
	return now, nil
}

// union returns the ids of a word, sorted.
func (f *finder) union(s *side, most Kind) ([]candidate, error) {
	whole := s.cost() <= maxRead && !f.skim
	terms := slices.DeleteFunc(slices.Clone(s.terms), func(e expansion) bool { return e.kind > most })
	if !whole {
		// That is too much: rare terms come first, and each gives its newest.
		slices.SortFunc(terms, func(a, b expansion) int {
			return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.customers, b.customers))
		})
		enough := int64(0)
		for i, e := range terms {
			if enough += e.customers; enough > 2*maxLooked {
				terms = terms[:i+1]
				break
			}
		}
	}
	if err := f.load(terms, whole); err != nil {
		return nil, err
	}
	var out []candidate
	add := func(id int64, k Kind, customers int64) {
		out = append(out, candidate{id, rank{id: id}.with(k, customers)})
	}
	for _, e := range terms {
		for _, id := range f.blocks[e.term] {
			add(id, e.kind, e.customers)
		}
	}
	for _, id := range s.emails {
		add(id, Exact, 0)
	}
	if s.id != 0 {
		add(s.id, Exact, 0)
		if s.last {
			var qs []sqldb.Q
			for from, to := s.id, s.id; from <= math.MaxInt64/100; {
				from, to = 10*from, 10*to+9
				qs = append(qs, f.x.source.RangeQuery(from, to, maxByID, func(id int64) { add(id, Prefix, 0) }))
			}
			if len(qs) > 0 {
				if err := f.tx.Pipeline(qs...); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.SortFunc(out, byID)
	return slices.CompactFunc(out, func(a, b candidate) bool { return a.id == b.id }), nil
}

// intersect keeps those of sorted candidates that a word has too.
func (f *finder) intersect(now []candidate, s *side, most Kind) ([]candidate, error) {
	terms := slices.DeleteFunc(slices.Clone(s.terms), func(e expansion) bool { return e.kind > most })
	if err := f.load(terms, true); err != nil {
		return nil, err
	}
	best := make([]rank, len(now))
	has := make([]bool, len(now))
	note := func(i int, k Kind, customers int64) {
		if r := now[i].rank.with(k, customers); !has[i] || r.compare(best[i]) < 0 {
			best[i], has[i] = r, true
		}
	}
	for _, e := range terms {
		i := 0
		for _, id := range f.blocks[e.term] {
			for i < len(now) && now[i].id < id {
				i++
			}
			if i == len(now) {
				break
			}
			if now[i].id == id {
				note(i, e.kind, e.customers)
			}
		}
	}
	out := now[:0]
	for i := range now {
		if k := s.matchID(now[i].id); k <= most {
			note(i, k, 0)
		}
		if _, ok := slices.BinarySearch(s.emails, now[i].id); ok {
			note(i, Exact, 0)
		}
		if has[i] {
			out = append(out, candidate{now[i].id, best[i]})
		}
	}
	return out, nil
}

// promise tells of candidates whether they have an open word itself; the others
// have one that begins with it at best.
func (f *finder) promise(now []candidate, s *side) error {
	exact := slices.DeleteFunc(slices.Clone(s.terms), func(e expansion) bool { return e.kind > Exact })
	if len(exact) > 0 && (exact[0].customers > maxRead || f.skim && exact[0].customers > f.x.Many) {
		return nil
	}
	if err := f.load(exact, true); err != nil {
		return err
	}
	for i := range now {
		c, k, customers := &now[i], s.matchID(now[i].id), int64(0)
		for _, e := range exact {
			if _, ok := slices.BinarySearch(f.blocks[e.term], c.id); ok {
				k, customers = Exact, e.customers
			}
		}
		if _, ok := slices.BinarySearch(s.emails, c.id); ok {
			k = Exact
		}
		c.rank = c.rank.with(min(k, Prefix), customers)
	}
	return nil
}

// load reads lists: as wholes, or the newest of each.
func (f *finder) load(terms []expansion, whole bool) error {
	if f.partial {
		clear(f.blocks)
	}
	f.partial = !whole
	var rows, full []string
	for _, e := range terms {
		if f.blocks[e.term] != nil {
			continue
		}
		if f.lists[e.term] == nil {
			rows = append(rows, e.term)
		}
	}
	if len(rows) > 0 {
		if err := f.tx.Pipeline(listsQuery(rows, f.lists)...); err != nil {
			return err
		}
	}
	ids := map[string][]int64{}
	for _, e := range terms {
		if l := f.lists[e.term]; l != nil && l.full > 0 && f.blocks[e.term] == nil {
			full = append(full, e.term)
		}
	}
	var qs []sqldb.Q
	if whole {
		for _, term := range full {
			qs = append(qs, sqldb.Q{Stmt: allBlocks, Args: []any{term}, Each: func(r *sqldb.Row) error {
				first := r.Int(0)
				ids[term] = readIDs(append(ids[term], first), first, r.Text(1))
				return nil
			}})
		}
	} else {
		for _, term := range full {
			qs = append(qs, sqldb.Q{Stmt: newestBlocks, Args: []any{term, int64(newestOnly)}, Each: func(r *sqldb.Row) error {
				first := r.Int(0)
				ids[term] = append(readIDs([]int64{first}, first, r.Text(1)), ids[term]...)
				return nil
			}})
		}
	}
	if len(qs) > 0 {
		if err := f.tx.Pipeline(qs...); err != nil {
			return err
		}
	}
	for _, e := range terms {
		l := f.lists[e.term]
		if l == nil || f.blocks[e.term] != nil {
			continue
		}
		f.blocks[e.term] = readIDs(ids[e.term], 0, l.newest)
	}
	return nil
}

// look compares candidates, the best first, with the customers as they are,
// until no other can be among the best.
func (f *finder) look(all []candidate, most Kind) ([]Hit, error) {
	customers := map[string]int64{}
	for i := range f.sides {
		for _, e := range f.sides[i].terms {
			if e.kind == Exact || !f.sides[i].open { // of the others not all are known
				customers[e.term] = e.customers
			}
		}
	}
	var hits []Hit
	size := 2 * f.limit
	for len(all) > 0 {
		n := min(size, len(all))
		ids := make([]int64, n)
		for i := range ids {
			ids[i] = all[i].id
		}
		if err := f.x.source.Documents(f.tx, ids, func(d *Document) {
			matches := d.matches(f.words)
			if matches == nil {
				return
			}
			h := Hit{ID: d.ID, Matches: matches, rank: rank{id: d.ID}}
			for i := range matches {
				if matches[i].Kind > most {
					return
				}
				h.rank = h.rank.with(matches[i].Kind, customers[matches[i].term])
			}
			hits = append(hits, h)
		}); err != nil {
			return nil, err
		}
		all = all[n:]
		slices.SortFunc(hits, func(a, b Hit) int { return a.rank.compare(b.rank) })
		if len(hits) >= f.limit && (f.skim || len(all) == 0 || hits[f.limit-1].rank.compare(all[0].rank) <= 0) {
			break
		}
		size = 200
	}
	return hits[:min(len(hits), f.limit)], nil
}
