package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"maps"
	"math"
	"time"

	"clientele/internal/email"
	"clientele/internal/sqldb"
	"clientele/internal/transfer/source"
)

// What is tried is undone transaction by transaction, so that nobody waits for it
// longer than for an import. What becomes of a row may depend on earlier ones with
// its email: these are tried together, after all others.

// Try counts what Run would do, and stores nothing.
func (s *Service) Try(ctx context.Context, storeID int64, in *Inspection, f io.ReadSeeker, each func(*Import)) (*Import, error) {
	imp := in.try()
	return imp, s.rehearse(ctx, storeID, imp, in.again, f, math.MaxInt64, func(imp *Import, _ *taking) error {
		if each != nil {
			each(imp)
		}
		return nil
	})
}

// errTried undoes what was only tried.
var errTried = errors.New("only tried")

const (
	// maxAddresses bounds the emails among which repeated ones are looked for, and
	// maxRepeated those that are: 8 and some 30 bytes each.
	maxAddresses = 3 << 19
	maxRepeated  = 200_000
	// together bounds what records take of memory that wait for others with their
	// email, in bytes; recordSize is what one takes beside its text.
	together   = 12 << 20
	recordSize = 2 << 10
)

// repeated are the emails that several records of a file have, by their hashes.
type repeated struct {
	seed  maphash.Seed
	known []uint64 // a table with open addressing; 0: free
	n     int
	twice map[uint64]int32 // how many records
	byID  bool
}

func newRepeated(byID bool) *repeated {
	return &repeated{seed: maphash.MakeSeed(), known: make([]uint64, 1<<12), twice: map[uint64]int32{}, byID: byID}
}

func (r *repeated) key(rec *source.Record) uint64 {
	if r.byID && rec.ID != 0 {
		return max(maphash.Comparable(r.seed, rec.ID), 1)
	}
	if rec.Email == "" {
		return 0
	}
	return max(maphash.String(r.seed, email.Key(rec.Email)), 1)
}

// add notes a record, and reports whether an earlier one has its email.
func (r *repeated) add(rec *source.Record) bool {
	k := r.key(rec)
	if k == 0 {
		return false
	}
	at := r.at(k)
	if r.known[at] == k {
		if n := r.twice[k]; n > 0 {
			r.twice[k] = n + 1
		} else if len(r.twice) < maxRepeated {
			r.twice[k] = 2
		}
		return true
	}
	if r.n*4 >= len(r.known)*3 {
		if len(r.known) >= maxAddresses*4/3 {
			return false
		}
		old := r.known
		r.known = make([]uint64, 2*len(old))
		for _, k := range old {
			if k != 0 {
				r.known[r.at(k)] = k
			}
		}
		at = r.at(k)
	}
	r.n++
	r.known[at] = k
	return false
}

// at is where a hash is, or belongs.
func (r *repeated) at(k uint64) uint64 {
	at := k % uint64(len(r.known))
	for r.known[at] != 0 && r.known[at] != k {
		at = (at + 1) % uint64(len(r.known))
	}
	return at
}

// rehearse tries the records that end at limit or before. told is told of each
// batch.
func (s *Service) rehearse(ctx context.Context, storeID int64, imp *Import, again *repeated, f io.ReadSeeker, limit int64, told func(*Import, *taking) error) error {
	w, err := s.ready(ctx, storeID)
	if err != nil {
		return err
	}
	r := rehearsal{s: s, storeID: storeID, world: w, imp: imp, plan: imp.Plan, again: again, limit: limit, told: told}
	if imp.Plan.StopOnError {
		// Where would it stop? The first row that is not taken may be a repeated one.
		first, look := *imp, r
		look.imp, look.told = &first, nil
		if err := look.run(ctx, f); err != nil {
			return err
		}
		if look.refused != 0 {
			r.limit = look.refused
		}
	}
	if err := r.run(ctx, f); err != nil {
		return err
	}
	if imp.State = Done; r.refused != 0 && imp.Plan.StopOnError {
		imp.State = Stopped
	}
	return nil
}

// rehearsal is one way through a file.
type rehearsal struct {
	*world
	s       *Service
	storeID int64
	imp     *Import
	plan    Plan
	again   *repeated
	limit   int64
	told    func(*Import, *taking) error
	refused int64
}

// run tries the records.
func (r *rehearsal) run(ctx context.Context, f io.ReadSeeker) error {
	file := r.imp.File
	q := queue{ahead: readAhead(ctx, &r.plan, r.world, func(give func(bite) error) error { return r.read(ctx, f, file, give) }), whole: true}
	defer q.end()
	p := pace{db: r.s.db, sys: r.s.sys, most: r.s.bites * r.s.batch}
	for end := false; !end; {
		b := q.first()
		if b.err != nil {
			return b.err
		}
		var err error
		if end, err = r.try(ctx, &p, &q); err != nil {
			return err
		}
		q.drop()
		if err := r.s.db.Gap(ctx); err != nil {
			return err
		}
	}
	return nil
}

// read gives the records with an email of their own, and of the others, which wait
// until all with their email are there, as many as memory allows: for the rest the
// file is read once more.
func (r *rehearsal) read(ctx context.Context, f io.ReadSeeker, file string, give func(bite) error) error {
	done := map[uint64]bool{}
	for first := true; ; first = false {
		rows, err := r.plan.rows(ctx, f)
		if err != nil {
			return err
		}
		settings, err := r.s.settings(&r.plan, r.zone, file)
		if err != nil {
			return err
		}
		var some bite
		add := func(recs ...source.Record) error {
			for _, rec := range recs {
				some.add(rec)
			}
			if len(some.records) < r.s.batch && some.bytes < biteBytes {
				return nil
			}
			all := some
			some = bite{records: make([]source.Record, 0, r.s.batch)}
			return give(all)
		}
		waiting, later, bytes := map[uint64][]source.Record{}, map[uint64]bool{}, 0
		for records := source.NewReader(rows, settings); ; {
			rec, err := records.Next()
			if errors.Is(err, io.EOF) || err == nil && rec.End() > r.limit {
				break
			}
			if err != nil {
				return err
			}
			k := r.again.key(&rec)
			n := r.again.twice[k]
			switch others := waiting[k]; {
			case n == 0 && first:
				err = add(rec)
			case n == 0, done[k], later[k]:
			case others == nil && bytes > r.s.together:
				later[k] = true
			default:
				bytes += sizeOf(&rec)
				if others = append(others, rec); len(others) < int(n) {
					waiting[k] = others
					continue
				}
				for i := range others {
					bytes -= sizeOf(&others[i])
				}
				delete(waiting, k)
				done[k] = true
				err = add(others...)
			}
			if err != nil {
				return err
			}
		}
		for k, others := range waiting {
			done[k] = true
			if err := add(others...); err != nil {
				return err
			}
		}
		some.end = len(later) == 0
		if err := give(some); err != nil || some.end {
			return err
		}
	}
}

// sizeOf is about what a record takes of memory.
func sizeOf(rec *source.Record) int {
	n := recordSize
	for i := range rec.Rows {
		n += 3 * len(rec.Rows[i].Raw)
	}
	return n
}

// try tries bites in one transaction, as an import takes them, and reports whether the
// last one is among them.
func (r *rehearsal) try(ctx context.Context, p *pace, q *queue) (end bool, err error) {
	var t taking
	var after Import
	err = r.s.db.WriteAgain(ctx, r.storeID, func(tx *sqldb.Tx) (err error) {
		after, q.n = *r.imp, 0
		tx.Replan()
		if err := p.begin(tx); err != nil {
			return err
		}
		tx.Mute(sqldb.Muted{Events: true, Entries: true})
		w := *r.world
		t = taking{tx: tx, s: r.s, world: &w, imp: &after, now: r.s.sys.Now(), try: true}
		if missing := w.lacks(&r.plan, q.bites[0].records); missing.any() {
			w.groups, w.attributes = maps.Clone(w.groups), maps.Clone(w.attributes)
			if err := missing.put(tx, &w, t.now); err != nil {
				return err
			}
		}
		if end, err = t.bites(p, q); err == nil {
			err = errTried
		}
		return err
	})
	if !errors.Is(err, errTried) {
		return false, err
	}
	*r.imp = after
	if t.refused != 0 && (r.refused == 0 || t.refused < r.refused) {
		r.refused = t.refused
	}
	if r.told == nil {
		return end, nil
	}
	return end, r.told(r.imp, &t)
}

// dryRun counts what would become of the rows of an import that a server has, and
// stores how far it came every second.
func (s *Service) dryRun(ctx context.Context, storeID int64, imp *Import, in *Inspection, f io.ReadSeeker) error {
	stored, from, problems := s.sys.Elapsed(), imp.Position, []any(nil)
	examples := map[string][]Example{}
	imp.Begun, imp.RowsBegun = s.sys.Now(), 0
	note := func(i *Import) error {
		counts, err := i.counted()
		if err != nil {
			return err
		}
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			now := s.sys.Now()
			if i.Modified = now; i.State != Running {
				i.Ended = now
			}
			n, err := tx.ExecCount(move, i.ID, from, string(i.State), i.Position, i.Lines, counts, i.Problems, now, i.Ended)
			if err != nil {
				return err
			}
			if n == 0 {
				return ErrElsewhere
			}
			return insertProblem.Exec(tx, []any{i.ID}, problems)
		})
		stored, from, problems = s.sys.Elapsed(), i.Position, nil
		return err
	}
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Exec(dropProblems, imp.ID, int64(math.MaxInt64)); err != nil {
			return err
		}
		return tx.Exec(beginRows, imp.ID, imp.Begun, int64(0))
	}); err != nil {
		return err
	}
	if err := s.rehearse(ctx, storeID, imp, in.again, f, math.MaxInt64, func(i *Import, t *taking) error {
		problems = append(problems, t.problems...)
		for outcome, some := range t.examples {
			examples[outcome] = append(examples[outcome], some[:min(len(some), Examples-len(examples[outcome]))]...)
		}
		if s.sys.Elapsed()-stored < time.Second && len(problems) < problemBite {
			return nil
		}
		return note(i)
	}); err != nil {
		return err
	}
	imp.Inspection.Examples = examples
	text, err := json.Marshal(imp.Inspection)
	if err != nil {
		return err
	}
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(tellExamples, imp.ID, string(text)) }); err != nil {
		return err
	}
	return note(imp)
}
