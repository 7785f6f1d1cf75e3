package segment

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/pace"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds of rules.
const (
	MaxRules     = 200 // of a store
	maxRuleDepth = 3   // of rules that read segments with rules
	maxPriority  = 1_000_000
)

// Rule is by what a segment keeps itself.
type Rule struct {
	SegmentID int64
	UUID      string
	Segment   string // the segment's name
	Node      *rule.Node
	GroupID   int64 // that members are put into; 0: none
	Priority  int64 // among rules with a group, the lowest first
	TakesOver bool  // also customers whose group was set by hand
	// Ready tells that all customers have been looked at; else Looked of Last
	// ids have.
	Ready        bool
	Looked, Last int64
	DateCreated  int64
	DateModified int64

	version int64
	bound   *rule.Node
}

// Progress is how many of a hundred customers have been looked at.
func (r *Rule) Progress() int64 {
	switch {
	case r.Ready:
		return 100
	case r.Last == 0:
		return 0
	}
	return min(99, 100*r.Looked/r.Last)
}

// PutRule is the command to give a segment a rule.
type PutRule struct {
	Node      *rule.Node
	GroupID   int64
	Priority  int64
	TakesOver bool
}

// Regroup is a change of a customer's group by rules. Back tells that it is the
// one held before, which may be gone.
type Regroup struct {
	CustomerID, From, To int64
	Back                 bool
}

// World is what rules read and set beside segments.
type World interface {
	// Names returns what rules of a store may name, but for segments.
	Names(tx *sqldb.Tx) (*rule.Names, error)
	// Groups returns the groups of those of some customers that there are; 0: none.
	Groups(tx *sqldb.Tx, customers []int64) (map[int64]int64, error)
	// Regroup puts customers into groups who still are in the one before, and
	// tells whom.
	Regroup(tx *sqldb.Tx, in []Regroup) (map[int64]bool, error)
}

// Keeper keeps the members of segments with a rule.
type Keeper struct {
	db    *sqldb.DB
	sys   *system.System
	world World
	zone  func(ctx context.Context, storeID int64) (*time.Location, error)
	books *sqldb.Kept[struct{}, *book]
	pace  *pace.Pace

	step  int64       // how many ids one step of a build looks at
	bite  int         // how many members one transaction of a build changes
	heard atomic.Bool // somebody was marked
	ticks sync.Mutex
}

// NewKeeper returns a Keeper, whose builds give way to the requests of p. zone tells
// a store's time zone.
func NewKeeper(db *sqldb.DB, sys *system.System, world World, zone func(ctx context.Context, storeID int64) (*time.Location, error), p *pace.Pace) *Keeper {
	k := &Keeper{db: db, sys: sys, world: world, zone: zone, step: buildRange, bite: buildBite, pace: p}
	k.books = sqldb.Keep(db, func(tx *sqldb.Tx, _ struct{}) (*book, error) { return k.read(tx) },
		"segment_rules", "segments", "customer_groups", "channels", "attributes", "form_fields")
	return k
}

// book has all rules of a store.
type book struct {
	names *rule.Names
	rules []*keptRule
	read  map[int64]bool // segments that rules read
	dated bool           // a rule has dates that follow the clock
	hours bool           // and some from hour to hour
	gives bool           // a rule sets groups
}

// keptRule is a rule that is ready to be asked.
type keptRule struct {
	Rule
	checked *rule.Checked
}

const ruleColumns = `r.segment_id, s.uuid, s.name, r.rule, r.version, r.group_id, r.priority, r.takes_over, r.built_to, r.date_created, r.date_modified`

var (
	allRules     = sqldb.Static(`SELECT ` + ruleColumns + ` FROM segment_rules r JOIN segments s ON s.store_id = r.store_id AND s.id = r.segment_id WHERE r.store_id = $1 ORDER BY r.segment_id`)
	ruleText     = sqldb.Static(`SELECT rule FROM segment_rules WHERE store_id = $1 AND segment_id = $2`)
	segmentNames = sqldb.Static(`SELECT id, uuid, name FROM segments WHERE store_id = $1 ORDER BY id`)
	insertRule   = sqldb.Static(`INSERT INTO segment_rules (store_id, segment_id, rule, reads, version, group_id, priority, takes_over, built_to, date_created, date_modified)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $9)
		ON CONFLICT (store_id, segment_id) DO UPDATE SET rule = excluded.rule, reads = excluded.reads, version = excluded.version, group_id = excluded.group_id,
		priority = excluded.priority, takes_over = excluded.takes_over, built_to = 0, date_modified = excluded.date_modified`)
	deleteRule = sqldb.Static(`DELETE FROM segment_rules WHERE store_id = $1 AND segment_id = $2`)
	countRules = sqldb.Static(`UPDATE store_counters SET rules = rules + $2 WHERE store_id = $1 RETURNING rules, customer_id`)
	lastOfAll  = sqldb.Static(`SELECT customer_id FROM store_counters WHERE store_id = $1`)
	startClock = sqldb.Static(`INSERT INTO rule_clocks (store_id, date_now, zone) VALUES ($1, $2, $3) ON CONFLICT (store_id) DO NOTHING`)
)

func (r *Rule) scan(row *sqldb.Row) (text string) {
	r.SegmentID, r.UUID, r.Segment = row.Int(0), row.Text(1), row.Text(2)
	text = row.Text(3)
	r.version, r.GroupID, r.Priority, r.TakesOver = row.Int(4), row.Int(5), row.Int(6), row.Flag(7)
	r.Looked = row.Int(8)
	if r.Looked < 0 {
		r.Ready, r.Looked = true, 0
	}
	r.DateCreated, r.DateModified = row.Int(9), row.Int(10)
	return text
}

// read reads all rules of a store.
func (k *Keeper) read(tx *sqldb.Tx) (*book, error) {
	names, err := k.names(tx)
	if err != nil {
		return nil, err
	}
	names.Stored = true
	b := &book{names: names, read: map[int64]bool{}}
	texts := []string{}
	if err := tx.Query(allRules, func(row *sqldb.Row) error {
		r := &keptRule{}
		texts = append(texts, r.scan(row))
		b.rules = append(b.rules, r)
		return nil
	}); err != nil {
		return nil, err
	}
	for i, r := range b.rules {
		if r.bound, err = rule.Parse(texts[i]); err != nil {
			return nil, err
		}
		if r.checked, err = names.Check(r.bound); err != nil {
			return nil, err
		}
		r.Node = names.Unbind(r.bound)
		for _, id := range names.Reads(r.bound) {
			b.read[id] = true
		}
		switch r.checked.Movement() {
		case rule.Always:
			b.dated, b.hours = true, true
		case rule.Daily:
			b.dated = true
		}
		b.gives = b.gives || r.GroupID != 0
	}
	return b, nil
}

func (k *Keeper) names(tx *sqldb.Tx) (*rule.Names, error) {
	names, err := k.world.Names(tx)
	if err != nil {
		return nil, err
	}
	err = tx.Query(segmentNames, func(r *sqldb.Row) error {
		names.Segments = append(names.Segments, rule.Named{ID: r.Int(0), UUID: r.Text(1), Name: r.Text(2)})
		return nil
	})
	return names, err
}

func (b *book) of(segmentID int64) *keptRule {
	for _, r := range b.rules {
		if r.SegmentID == segmentID {
			return r
		}
	}
	return nil
}

var errNoRule = fault.New(fault.NotFound, "the segment has no rule")

// Rules returns the rules of a store, in the order of their segments.
func (k *Keeper) Rules(ctx context.Context, storeID int64) (out []Rule, err error) {
	err = k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		b, err := k.read(tx)
		if err != nil {
			return err
		}
		out = out[:0]
		for _, r := range b.rules {
			out = append(out, r.Rule)
		}
		var last int64
		if err := tx.Query(lastOfAll, func(r *sqldb.Row) error { last = r.Int(0); return nil }); err != nil {
			return err
		}
		for i := range out {
			out[i].Last = last
		}
		return nil
	})
	return out, err
}

// Rule returns the rule of a segment, or a NotFound fault.
func (k *Keeper) Rule(ctx context.Context, storeID int64, segment string) (*Rule, error) {
	var id int64
	if err := k.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		id, err = idOf(tx, segmentByUUID, segment, errNoSegment)
		return err
	}); err != nil {
		return nil, err
	}
	all, err := k.Rules(ctx, storeID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].SegmentID == id {
			return &all[i], nil
		}
	}
	return nil, errNoRule
}

// Put gives a segment a rule, or another one. Its members are those whom the rule
// finds as soon as all customers have been looked at.
func (k *Keeper) Put(ctx context.Context, storeID int64, segment string, in PutRule) (*Rule, error) {
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return nil, err
	}
	if err := k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return k.put(tx, segment, in, zone) }); err != nil {
		return nil, err
	}
	return k.Rule(ctx, storeID, segment)
}

func (k *Keeper) put(tx *sqldb.Tx, segment string, in PutRule, zone *time.Location) error {
	id, err := lockSegment(tx, segment)
	if err != nil {
		return err
	}
	// The counters' row is the lock of all rules.
	if err := tx.Query(countRules, func(*sqldb.Row) error { return nil }, int64(0)); err != nil {
		return err
	}
	b, err := k.read(tx)
	if err != nil {
		return err
	}
	b.names.Stored = false
	checked, err := b.names.Check(in.Node)
	if err != nil {
		return err
	}
	if err := b.admits(id, &in); err != nil {
		return err
	}
	bound := b.names.Bind(in.Node)
	if _, err := b.names.Check(bound); err != nil {
		return err
	}
	old := b.of(id)
	if old != nil && old.bound.String() == bound.String() && old.GroupID == in.GroupID && old.Priority == in.Priority && old.TakesOver == in.TakesOver {
		return nil
	}
	now, version := k.sys.Now(), tx.Draw()
	var was *Rule
	if old != nil {
		was = &old.Rule
	}
	if err := history.Enter(tx, now, ruleChange(id, was, &Rule{Node: b.names.Unbind(bound), GroupID: in.GroupID, Priority: in.Priority, TakesOver: in.TakesOver})); err != nil {
		return err
	}
	if err := tx.Exec(insertRule, id, bound.String(), readsOf(bound), version, in.GroupID, in.Priority, sqldb.Flag(in.TakesOver), now); err != nil {
		return err
	}
	if old == nil {
		if err := tx.Query(countRules, func(*sqldb.Row) error { return nil }, int64(1)); err != nil {
			return err
		}
	}
	if checked.Movement() != rule.Stays || strings.Contains(readsOf(bound), "date") {
		if err := tx.Exec(startClock, now, zone.String()); err != nil {
			return err
		}
	}
	if err := rule.Build(tx, k.sys.Now(), id, version); err != nil {
		return err
	}
	if old != nil && old.GroupID != 0 && old.GroupID != in.GroupID || old != nil && old.Priority != in.Priority {
		return k.enqueueGroups(tx)
	}
	return nil
}

// lockSegment locks a segment.
func lockSegment(tx *sqldb.Tx, uuid string) (id int64, err error) {
	uuid = normalize(uuid)
	if err := lock(tx, "segments", segmentColumns, []string{uuid}, func(r *sqldb.Row) error { id = r.Int(0); return nil }); err != nil {
		return 0, err
	}
	if id == 0 {
		return 0, errNoSegment
	}
	return id, nil
}

func readsOf(n *rule.Node) string {
	var b strings.Builder
	b.WriteByte(',')
	n.Each(func(c *rule.Node) {
		if !strings.Contains(b.String(), ","+c.Field.Name+",") {
			b.WriteString(c.Field.Name + ",")
		}
	})
	return b.String()
}

// admits holds a rule to what the others are.
func (b *book) admits(id int64, in *PutRule) error {
	if b.of(id) == nil && len(b.rules) >= MaxRules {
		return broken(FieldNone, fault.TooManyItems, WhyManyRules, "200")
	}
	if in.Priority < 0 || in.Priority > maxPriority {
		return broken(FieldPriority, fault.OutOfRange, WhyPriority, "1000000")
	}
	if in.GroupID != 0 {
		found := false
		for _, g := range b.names.Groups {
			found = found || g.ID == in.GroupID
		}
		if !found {
			return broken(FieldGroup, fault.Unknown, WhyNoGroup, "")
		}
	}
	reads, groups, direct := map[int64][]int64{}, map[int64]bool{}, map[int64]bool{}
	for _, r := range b.rules {
		reads[r.SegmentID], groups[r.SegmentID], direct[r.SegmentID] = b.names.Reads(r.bound), r.GroupID != 0, r.bound.ReadsField("group")
	}
	reads[id], groups[id], direct[id] = b.names.Reads(in.Node), in.GroupID != 0, in.Node.ReadsField("group")
	// depth returns how deep a rule reads others; more than the bound is a circle
	// or too much.
	var depth func(of int64, path map[int64]bool) (int, error)
	depth = func(of int64, path map[int64]bool) (int, error) {
		if path[of] {
			return 0, broken(rule.FieldRule, fault.BadFormat, WhyCircle, "")
		}
		path[of] = true
		defer delete(path, of)
		most := 0
		for _, inner := range reads[of] {
			d, err := depth(inner, path)
			if err != nil {
				return 0, err
			}
			most = max(most, d+1)
		}
		if most > maxRuleDepth {
			return 0, broken(rule.FieldRule, fault.BadFormat, WhyDeepRules, "3")
		}
		return most, nil
	}
	var readsGroup func(of int64) bool
	readsGroup = func(of int64) bool {
		if direct[of] {
			return true
		}
		for _, inner := range reads[of] {
			if readsGroup(inner) {
				return true
			}
		}
		return false
	}
	for of := range reads {
		if _, err := depth(of, map[int64]bool{}); err != nil {
			return err
		}
	}
	for of := range reads {
		if groups[of] && readsGroup(of) {
			return broken(FieldGroup, fault.BadFormat, WhyReadsGroup, "")
		}
	}
	return nil
}

// FieldNone is the field of faults that are of no field.
const FieldNone fault.Field = ""

func broken(field fault.Field, code fault.Code, why fault.Reason, want string) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: field, Code: code, Why: why, Want: want})
}

// Drop takes the rule from a segment, which keeps its members. Whom the rule put
// into a group gets the one held before.
func (k *Keeper) Drop(ctx context.Context, storeID int64, segment string) error {
	return k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		id, err := lockSegment(tx, segment)
		if err != nil {
			return err
		}
		return k.drop(tx, id)
	})
}

func (k *Keeper) drop(tx *sqldb.Tx, id int64) error {
	if err := tx.Query(countRules, func(*sqldb.Row) error { return nil }, int64(0)); err != nil {
		return err
	}
	b, err := k.read(tx)
	if err != nil {
		return err
	}
	r := b.of(id)
	if r == nil {
		return errNoRule
	}
	if err := history.Enter(tx, k.sys.Now(), ruleChange(id, &r.Rule, nil)); err != nil {
		return err
	}
	if err := tx.Exec(deleteRule, id); err != nil {
		return err
	}
	if err := k.enqueueGroups(tx); err != nil {
		return err
	}
	return tx.Query(countRules, func(*sqldb.Row) error { return nil }, int64(-1))
}

// refuseByHand refuses to change members by hand where they come by a rule.
func refuseByHand(tx *sqldb.Tx, segmentID int64, segment string, total int) error {
	text := ""
	if err := tx.Query(ruleText, func(r *sqldb.Row) error { text = r.Text(0); return nil }, segmentID); err != nil || text == "" {
		return err
	}
	return clash(total, []fault.Item{{Code: fault.Taken, Why: WhyRule, Value: text, Other: segment}})
}
