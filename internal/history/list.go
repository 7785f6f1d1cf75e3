package history

import (
	"cmp"
	"context"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// Filter selects entries. Empty fields select all.
type Filter struct {
	CustomerID int64
	// Actor is a kind, and ActorID or ActorName whom of it. The name may be a
	// client id.
	Actor     string
	ActorID   int64
	ActorName string
	Surface   string
	Action    string
	Resource  string
	// ResourceID is that of the record.
	ResourceID int64
	RequestID  string
	// Since and Until are times in seconds since the epoch, 0 for none.
	Since, Until int64
	// Text is found in names and values, reasons and addresses, however it is
	// written.
	Text string
	// Before and After are ids: only older or newer entries. 0 is none.
	Before, After int64
	Limit         int
}

// List and Stream declare the parameters of the list, as pages and as a whole.
var (
	List   = &listing.Spec{Table: "history", Fields: fields, Descending: true, Cursors: true, Unnumbered: true}
	Stream = &listing.Spec{Table: "history", Fields: fields, Descending: true, Cursors: true, Unpaged: true}
)

var fields = []listing.Field{
	{Name: "customer_id", Kind: listing.Int, Ops: equal, Column: "customer_id"},
	{Name: "actor_kind", Kind: listing.Text, Ops: equal, Values: known(actorKinds[:])},
	{Name: "actor_id", Kind: listing.Int, Ops: equal},
	{Name: "actor_name", Kind: listing.Text, Ops: equal},
	{Name: "surface", Kind: listing.Text, Ops: equal, Values: known(surfaceNames[:])},
	{Name: "action", Kind: listing.Text, Ops: equal, Values: known(actionNames[:])},
	{Name: "resource_type", Kind: listing.Text, Ops: equal, Values: known(resourceNames[:])},
	{Name: "resource_id", Kind: listing.Int, Ops: equal},
	{Name: "request_id", Kind: listing.Text, Ops: equal},
	{Name: "time", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Column: "date_created"},
	{Name: "text", Kind: listing.Text, Ops: equal},
}

var equal = []listing.Op{listing.Eq}

// known returns names as the values of a filter.
func known(names []string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		if n != "" {
			out[n] = n
		}
	}
	return out
}

// maxText bounds the text that is looked for, in characters.
const maxText = 200

// FilterOf returns what a query asks for. It returns a fault where that cannot be
// looked for.
func FilterOf(q *listing.Query) (Filter, error) {
	f := Filter{Limit: int(q.Limit)}
	var bad []fault.Item
	for _, c := range q.Filters {
		n, text := int64(0), ""
		if len(c.Ints) > 0 {
			n = c.Ints[0]
		}
		if len(c.Texts) > 0 {
			text = c.Texts[0]
		}
		// A filter without a value would select all, which nobody means.
		if c.Op == listing.Eq && n <= 0 && fold.Text(text) == "" {
			bad = append(bad, fault.Item{Path: c.Field.Name, Code: fault.Required, Message: "a value is needed"})
		}
		switch c.Field.Name {
		case "customer_id":
			f.CustomerID = n
		case "actor_kind":
			f.Actor = text
		case "actor_id":
			f.ActorID = n
		case "actor_name":
			f.ActorName = text
		case "surface":
			f.Surface = text
		case "action":
			f.Action = text
		case "resource_type":
			f.Resource = text
		case "resource_id":
			f.ResourceID = n
		case "request_id":
			f.RequestID = text
		case "text":
			f.Text = text
			if len([]rune(text)) > maxText {
				bad = append(bad, fault.Item{Path: "text", Code: fault.TooLong, Message: "at most 200 characters are looked for"})
			}
		case "time":
			if c.Op == listing.Min {
				f.Since = n
			} else {
				f.Until = c.Ints[1]
			}
		}
	}
	if bad != nil {
		return f, &fault.Error{Kind: fault.BadFilter, Message: "invalid filters", Items: bad}
	}
	// In the list newer entries come before.
	if q.After != nil {
		f.Before = q.After.Key[0]
	} else if q.Before != nil {
		f.After = q.Before.Key[0]
	}
	return f, nil
}

// StreamOf is FilterOf for what goes from the newest entry on, or from a cursor.
func StreamOf(q *listing.Query) (Filter, error) {
	f, err := FilterOf(q)
	if err == nil && q.Before != nil {
		err = &fault.Error{Kind: fault.BadFilter, Message: "invalid filters", Items: []fault.Item{{Path: "before", Code: fault.NotAccepted, Message: "a stream is of what comes after a cursor"}}}
	}
	f.Limit = MaxLimit
	return f, err
}

// Page is a part of the history, the newest first.
type Page struct {
	Records []Listed
	// Older and Newer are what to ask Before and After of for what comes next, 0
	// where nothing does. A page may have less entries than were asked for and
	// not be the last one: for a page only so many are looked at.
	Older, Newer int64
}

// Bounds of reading.
const (
	// MaxLimit is how many entries a page has at most.
	MaxLimit = 250
	// bite is how many entries are read at once, and most how many are looked at
	// for a page: filters that no index serves go over entries one by one.
	bite = 1000
	most = 20 * bite
	// slack is by how much the times of entries may be out of the order of their
	// ids, in seconds: of a write that waited, and by the clocks of processes.
	slack = 3600
)

var (
	older         = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`)
	newer         = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	olderOf       = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND customer_id <> 0 AND customer_id = $4 AND id < $2 ORDER BY id DESC LIMIT $3`)
	newerOf       = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND customer_id <> 0 AND customer_id = $4 AND id > $2 ORDER BY id LIMIT $3`)
	timeFrom      = sqldb.Static(`SELECT id, date_created FROM history WHERE store_id = $1 AND id >= $2 ORDER BY id LIMIT 1`)
	lastID        = sqldb.Static(`SELECT history_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)
	namedActors   = sqldb.Static(`SELECT id, kind, name FROM history_actors WHERE store_id = $1`)
	accountActors = sqldb.Static(`SELECT id, name, client_id FROM api_accounts WHERE store_id = $1`)
)

// Service reads the history.
type Service struct {
	db         *sqldb.DB
	bite, most int
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB) *Service { return &Service{db, bite, most} }

// Last returns the id of the last entry, 0 for none.
func (s *Service) Last(ctx context.Context, store int64) (id int64, err error) {
	err = s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		return tx.Query(lastID, func(r *sqldb.Row) error { id = r.Int(0); return nil })
	})
	return id, err
}

// List returns a page of the entries that a filter selects.
func (s *Service) List(ctx context.Context, store int64, f Filter) (*Page, error) {
	f.Limit = cmp.Or(min(f.Limit, MaxLimit), MaxLimit)
	var out *Page
	err := s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		names, err := readNames(tx)
		if err != nil {
			return err
		}
		p := pager{Filter: &f, Service: s, names: names, text: fold.Text(f.Text)}
		out, err = p.page(tx)
		return err
	})
	return out, err
}

// Page is List for a query.
func (s *Service) Page(ctx context.Context, store int64, q *listing.Query) ([]Listed, *listing.Result, error) {
	f, err := FilterOf(q)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.List(ctx, store, f)
	if err != nil {
		return nil, nil, err
	}
	res := &listing.Result{Count: int64(len(p.Records)), Total: -1, Before: p.Newer != 0, After: p.Older != 0}
	// The ends are those of what was looked at.
	first, last := p.Newer, p.Older
	if n := len(p.Records); n > 0 {
		first, last = cmp.Or(first, p.Records[0].ID), cmp.Or(last, p.Records[n-1].ID)
	}
	if first != 0 {
		res.First = &listing.Cursor{Key: [2]int64{first}}
	}
	if last != 0 {
		res.Last = &listing.Cursor{Key: [2]int64{last}}
	}
	return p.Records, res, nil
}

// names are those of actors.
type names struct {
	named    map[int64]Actor
	accounts map[int64]Actor
}

func readNames(tx *sqldb.Tx) (*names, error) {
	n := &names{map[int64]Actor{}, map[int64]Actor{}}
	return n, tx.Pipeline(
		sqldb.Q{Stmt: namedActors, Each: func(r *sqldb.Row) error {
			n.named[r.Int(0)] = Actor{Kind: ActorKind(r.Int(1)), Name: r.Text(2)}
			return nil
		}},
		sqldb.Q{Stmt: accountActors, Each: func(r *sqldb.Row) error {
			n.accounts[r.Int(0)] = Actor{Kind: ByAccount, ID: r.Int(0), Name: r.Text(1), ClientID: r.Text(2)}
			return nil
		}},
	)
}

// split returns what an actor's code is made of.
func split(code int64) (ActorKind, int64) {
	return ActorKind(code & (1<<kindBits - 1)), code >> kindBits
}

// of returns the actor of a code.
func (n *names) of(code int64) Actor {
	var a Actor
	a.Kind, a.ID = split(code)
	switch a.Kind {
	case named:
		a = n.named[a.ID]
		if a.Kind == ByToken {
			a.ClientID, a.Name = a.Name, ""
		}
	case ByAccount:
		if known, ok := n.accounts[a.ID]; ok {
			a = known
		}
	}
	return a
}

// pager reads a page.
type pager struct {
	*Filter
	*Service
	names *names
	text  string // folded

	out  Page
	up   bool
	at   int64 // the last entry that was looked at
	seen int
	more bool // there may be more beyond it
}

// page reads until the page is full, or enough was looked at.
func (p *pager) page(tx *sqldb.Tx) (*Page, error) {
	p.up = p.After != 0 && p.Before == 0
	p.at = cmp.Or(p.Before, math.MaxInt64)
	if p.up {
		p.at = p.After
	} else if p.Until != 0 && p.CustomerID == 0 {
		to, err := firstFrom(tx, p.Until+slack)
		if err != nil {
			return nil, err
		}
		p.at = min(p.at, to)
	}
	size := p.bite
	if *p.Filter == (Filter{CustomerID: p.CustomerID, Before: p.Before, After: p.After, Limit: p.Limit}) {
		size = p.Limit + 1 // each entry is one of the page
	}
	for p.more = true; p.more && len(p.out.Records) < p.Limit && p.seen < p.most; {
		rows, done, beyond := 0, false, false
		if err := tx.Query(p.stmt(), func(r *sqldb.Row) (err error) {
			if rows++; done {
				beyond = true
				return nil
			}
			done, err = p.take(r)
			return err
		}, p.args(size)...); err != nil {
			return nil, err
		}
		full := len(p.out.Records) == p.Limit
		p.more = rows == size && (full || !done) || full && beyond
		size = p.bite
	}
	return p.ends(), nil
}

// take looks at an entry. It reports whether that was the last one to look at.
func (p *pager) take(r *sqldb.Row) (done bool, err error) {
	id, time := r.Int(0), r.Int(1)
	if !p.up && (id <= p.After || p.Since != 0 && time < p.Since-slack) || p.up && p.Until != 0 && time > p.Until+slack {
		return true, nil
	}
	p.seen++
	p.at = id
	w := scan(r)
	actor := p.names.of(w.actor)
	if !p.selects(&w, &actor) {
		return false, nil
	}
	l, err := w.record()
	if err != nil {
		return true, err
	}
	l.Actor = actor
	if p.text != "" && !l.has(p.text) {
		return false, nil
	}
	p.out.Records = append(p.out.Records, l)
	return len(p.out.Records) == p.Limit, nil
}

// ends tells where to go on.
func (p *pager) ends() *Page {
	out := &p.out
	if p.up {
		slices.Reverse(out.Records)
		if p.more {
			out.Newer = p.at
		}
		out.Older = p.After + 1
		if n := len(out.Records); n > 0 {
			out.Older = out.Records[n-1].ID
		}
		return out
	}
	if p.more {
		out.Older = p.at
	}
	if p.Before != 0 && len(out.Records) > 0 {
		out.Newer = out.Records[0].ID
	}
	return out
}

// firstFrom returns the id of about the first entry from a time on, one beyond
// the last if there is none. Entries are in the order of their times, but for
// slack.
func firstFrom(tx *sqldb.Tx, time int64) (int64, error) {
	last := int64(0)
	if err := tx.Query(lastID, func(r *sqldb.Row) error { last = r.Int(0); return nil }); err != nil {
		return 0, err
	}
	from, to := int64(1), last+1
	for from < to {
		id, at := to, int64(math.MaxInt64)
		if err := tx.Query(timeFrom, func(r *sqldb.Row) error { id, at = r.Int(0), r.Int(1); return nil }, from+(to-from)/2); err != nil {
			return 0, err
		}
		if at >= time {
			to = from + (to-from)/2
		} else {
			from = id + 1
		}
	}
	return to, nil
}

func (p *pager) stmt() *sqldb.Stmt {
	switch {
	case p.CustomerID != 0 && p.up:
		return newerOf
	case p.CustomerID != 0:
		return olderOf
	case p.up:
		return newer
	}
	return older
}

func (p *pager) args(size int) []any {
	args := []any{p.at, int64(size)}
	if p.CustomerID != 0 {
		args = append(args, p.CustomerID)
	}
	return args
}

// selects reports whether an entry is one of those that are asked for, but for
// the text.
func (f *Filter) selects(w *row, a *Actor) bool {
	switch {
	case f.Until != 0 && w.time > f.Until, f.Since != 0 && w.time < f.Since,
		f.Actor != "" && a.Kind.String() != f.Actor,
		f.ActorID != 0 && a.ID != f.ActorID,
		f.ActorName != "" && a.Name != f.ActorName && a.ClientID != f.ActorName,
		f.Surface != "" && Surface(w.surface).String() != f.Surface,
		f.Action != "" && Action(w.action).String() != f.Action,
		f.Resource != "" && Resource(w.resource).String() != f.Resource,
		f.ResourceID != 0 && w.of() != f.ResourceID,
		f.RequestID != "" && hex.EncodeToString(w.request) != f.RequestID:
		return false
	}
	return true
}

// has reports whether a folded text is found in what an entry says.
func (o *Listed) has(text string) bool {
	for _, s := range []string{o.Reason, o.Address, o.Actor.Name, o.Actor.ClientID} {
		if strings.Contains(fold.Text(s), text) {
			return true
		}
	}
	return slices.ContainsFunc(o.Changes, func(c Change) bool {
		return strings.Contains(fold.Text(shown(c.Before)), text) || strings.Contains(fold.Text(shown(c.After)), text)
	})
}
