package subscriber

import (
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
)

// Said is what another system knows of a person's wish for the newsletter.
type Said uint8

// What a person may have said.
const (
	NoWord Said = iota
	Agreed
	HasLeft // unsubscribed
	Barred  // nothing may be sent to the address
)

// ImportRow is a subscriber as an import brings one.
type ImportRow struct {
	Email, FirstName, LastName string
	Said                       Said
	// At and IP are when and from where consent was given, File is the SHA-256 of
	// the file that says so.
	At   int64
	IP   string
	File string
	// Source is where the other system has the consent from, or why it writes to
	// the address no more.
	Source string
}

// maxSource bounds what is kept of a source, in characters.
const maxSource = 200

// place names where a wish is from: the file and, in the other system's words, the
// source. One with an address in it is left out: the proof outlives the person.
func (row *ImportRow) place() string {
	place := "sha256:" + row.File
	if row.Source == "" || strings.ContainsAny(row.Source, "@\x00") {
		return place
	}
	if r := []rune(row.Source); len(r) > maxSource {
		return place + " " + string(r[:maxSource])
	}
	return place + " " + row.Source
}

// Outcome is what became of a row of an import.
type Outcome uint8

// The outcomes.
const (
	ImportRejected Outcome = iota
	ImportCreated
	ImportChanged
	ImportUnchanged
	// ImportKept: the row says that the person agreed, but they have left here,
	// or were erased, and are not subscribed again.
	ImportKept
)

// Imported is what became of a row.
type Imported struct {
	ID      int64 // of one that was created
	Outcome Outcome
	Err     *fault.Error // why it was rejected
}

var (
	insertSuppressions = sqldb.StaticRows(`INSERT INTO suppressions (store_id, date_created, address_hash) VALUES `, 1, 1, together, ` ON CONFLICT (store_id, address_hash) DO NOTHING`)
	suppressedAmong    = `SELECT address_hash FROM suppressions WHERE store_id = $1 AND address_hash IN `
)

// ImportTx takes what rows say of persons' wishes, each row by itself. Whoever has
// left, here or there, is not subscribed: of two wishes the stricter one holds. keys
// are the store's, for addresses that nothing may be sent to. Rows with one address
// are taken one after the other.
func ImportTx(tx *sqldb.Tx, keys *storekey.Keys, in []ImportRow, now int64) ([]Imported, error) {
	out := make([]Imported, len(in))
	for from := 0; from < len(in); {
		to, seen := from, map[string]bool{}
		for ; to < len(in) && !seen[email.Key(in[to].Email)]; to++ {
			seen[email.Key(in[to].Email)] = true
		}
		w := wishes{tx: tx, in: in[from:to], out: out[from:to], now: now}
		if err := w.take(keys); err != nil {
			return nil, err
		}
		from = to
	}
	return out, nil
}

// wishes are rows of which no two have one address.
type wishes struct {
	tx  *sqldb.Tx
	in  []ImportRow
	out []Imported
	now int64

	subs   []Subscriber
	hashes []string
	open   []int // the rows that are not settled yet
	bars   []any // hashes of addresses to which nothing may be sent any more
}

func (w *wishes) take(keys *storekey.Keys) error {
	w.subs, w.hashes = make([]Subscriber, len(w.in)), make([]string, len(w.in))
	var known []string
	for i := range w.in {
		row := &w.in[i]
		cmd := Create{Email: row.Email, FirstName: row.FirstName, LastName: row.LastName, Consents: opt.Some([]string{})}
		if row.Said == Agreed {
			cmd.Consents = opt.Some([]string{MarketingNewsletter})
		}
		sub, err := cmd.build()
		if w.out[i].Err = fault.As(err); err != nil {
			continue
		}
		w.subs[i], w.hashes[i] = sub, personal.HashOf(keys, row.Email)
		w.open, known = append(w.open, i), append(known, w.hashes[i])
	}
	if len(w.open) == 0 {
		return nil
	}
	barred := map[string]bool{}
	list, args := sqldb.In(nil, known)
	if err := w.tx.Query(sqldb.Dynamic(suppressedAmong+list), func(r *sqldb.Row) error { barred[r.Text(0)] = true; return nil }, args...); err != nil {
		return err
	}
	w.open = slices.DeleteFunc(w.open, func(i int) bool {
		if barred[w.hashes[i]] {
			w.out[i].Outcome = ImportKept
		}
		return barred[w.hashes[i]]
	})
	there, err := w.there()
	if err != nil {
		return err
	}
	// Subscribers are locked before the store's counters.
	var fresh []int
	for _, i := range w.open {
		if old := there[w.subs[i].place()]; old == nil {
			fresh = append(fresh, i)
		} else if err := w.change(i, old); err != nil {
			return err
		}
	}
	if err := w.create(fresh); err != nil {
		return err
	}
	// After the subscribers are written: a suppressed address is none's.
	return insertSuppressions.Exec(w.tx, []any{w.now}, w.bars)
}

// there locks the subscribers that have the addresses.
func (w *wishes) there() (map[place]*Subscriber, error) {
	out := map[place]*Subscriber{}
	var norms []string
	for _, i := range w.open {
		norms = append(norms, email.Keys(w.subs[i].Email)...)
	}
	if len(norms) == 0 {
		return out, nil
	}
	list, args := sqldb.In(nil, norms)
	return out, w.tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND email_norm IN `+list+` ORDER BY id`+w.tx.ForUpdate()), func(r *sqldb.Row) error {
		s := &Subscriber{}
		s.scan(r)
		if out[s.place()] == nil {
			out[s.place()] = s
		}
		return nil
	}, args...)
}

func (row *ImportRow) leaves() bool { return row.Said == HasLeft || row.Said == Barred }

// by is where a wish comes from, with the proof of a consent.
func (row *ImportRow) by() Origin {
	by := Origin{Via: ViaImport, IP: row.IP, Proof: Proof{Surface: ViaImport}}
	switch {
	case row.Said == Agreed:
		by.Proof.Asked = &Asked{Time: row.At, IP: row.IP, Shown: Shown{Place: row.place()}}
	case row.leaves():
		by.Proof.Shown.Place = row.place()
	}
	return by
}

// settled notes what became of a row.
func (w *wishes) settled(i int, o Outcome) {
	w.out[i].Outcome = o
	if w.in[i].leaves() {
		w.bars = append(w.bars, w.hashes[i])
	}
}

// change takes a row of a subscriber that is there.
func (w *wishes) change(i int, old *Subscriber) error {
	row, u := &w.in[i], Update{}
	switch {
	case row.leaves():
		u.Consents = opt.Some([]string{})
	case row.Said == Agreed && !slices.Contains(old.Consents, MarketingNewsletter):
		w.out[i].Outcome = ImportKept
		return nil
	}
	if old.FirstName == "" && old.LastName == "" {
		u.FirstName, u.LastName = opt.Some(row.FirstName), opt.Some(row.LastName)
	}
	after, err := changeHeld(w.tx, old, &u, row.by(), w.now)
	if err != nil {
		return err
	}
	if after == old {
		w.settled(i, ImportUnchanged)
	} else {
		w.settled(i, ImportChanged)
	}
	return nil
}

// create makes subscribers of rows.
func (w *wishes) create(fresh []int) error {
	if len(fresh) == 0 {
		return nil
	}
	all := make([]*creation, len(fresh))
	for n, i := range fresh {
		all[n] = &creation{Subscriber: w.subs[i], by: w.in[i].by()}
	}
	own, err := createRest(w.tx, all, make([]error, len(all)), w.now)
	if err != nil {
		return err
	}
	for n, i := range fresh {
		if Refused(own[n]) { // they have left by their own wish
			w.out[i].Outcome = ImportKept
			continue
		}
		if w.out[i].Err = fault.As(own[n]); own[n] == nil {
			w.out[i].ID = all[n].ID
			w.settled(i, ImportCreated)
		}
	}
	return nil
}

// UndoImportTx deletes those of the subscribers with ids from first to last whom an
// import made and nobody has changed since, and returns how many went and how many
// stay. Who has left stays away all the same: suppressions stay.
func UndoImportTx(tx *sqldb.Tx, first, last, now int64) (gone, kept int64, err error) {
	var subs []Subscriber
	var ids []int64
	if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id >= $2 AND id <= $3 ORDER BY id`+tx.ForDelete()), func(r *sqldb.Row) error {
		var s Subscriber
		s.scan(r)
		subs, ids = append(subs, s), append(ids, s.ID)
		return nil
	}, first, last); err != nil || len(subs) == 0 {
		return 0, 0, err
	}
	changes := map[int64]int64{}
	list, args := sqldb.In(nil, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT subscriber_id, COUNT(*) FROM consent_changes WHERE store_id = $1 AND subscriber_id IN `+list+` GROUP BY subscriber_id`), func(r *sqldb.Row) error {
		changes[r.Int(0)] = r.Int(1)
		return nil
	}, args...); err != nil {
		return 0, 0, err
	}
	all := int64(len(subs))
	subs = slices.DeleteFunc(subs, func(s Subscriber) bool { return s.DateModified != s.DateCreated || changes[s.ID] != 1 })
	gone = int64(len(subs))
	if gone == 0 {
		return 0, all, nil
	}
	return gone, all - gone, remove(tx, subs, Origin{Via: ViaImport, Proof: Proof{Surface: ViaImport}}, now, nil)
}
