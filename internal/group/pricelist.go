package group

import (
	"context"
	"slices"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Assignment says to whom a price list applies: to a group, to everybody on a
// channel, or to a group on a channel. At most one applies to the same group
// and channel. The price list itself is an id of the catalog.
type Assignment struct {
	ID          int64
	PriceListID int64
	GroupID     int64 // 0: all groups
	ChannelID   int64 // 0: all channels
}

// MaxAssignments bounds how many assignments one request makes.
const MaxAssignments = 25

// Assignments declares the list of assignments.
var Assignments = &listing.Spec{
	Table: "price_list_assignments",
	Fields: []listing.Field{
		assignmentField("id", listing.Eq, listing.In),
		assignmentField("price_list_id", listing.Eq, listing.In),
		assignmentField("customer_group_id", listing.Eq, listing.In),
		assignmentField("channel_id", listing.Eq, listing.In),
	},
	Cursors: true,
}

// Unassigned declares by what assignments are selected for deletion.
var Unassigned = &listing.Spec{
	Table: "price_list_assignments",
	Fields: []listing.Field{
		assignmentField("id", listing.Eq),
		assignmentField("price_list_id", listing.Eq),
		assignmentField("customer_group_id", listing.Eq),
		assignmentField("channel_id", listing.Eq, listing.In),
	},
	Unpaged: true,
	Deletes: true,
}

func assignmentField(name string, ops ...listing.Op) listing.Field {
	return listing.Field{Name: name, Kind: listing.Int, Ops: ops, Column: name}
}

// deleteAssignments bounds how many assignments go in one transaction.
const deleteAssignments = 500

const (
	assignmentColumns = `id, price_list_id, customer_group_id, channel_id`
	// ownPriceList is the price list of a group on all channels, a column of the
	// statements that read groups.
	ownPriceList = `(SELECT a.price_list_id FROM price_list_assignments a
		WHERE a.store_id = $1 AND a.customer_group_id = customer_groups.id AND a.channel_id = 0)`
)

var (
	assignmentAt = sqldb.Static(`SELECT ` + assignmentColumns + ` FROM price_list_assignments
		WHERE store_id = $1 AND customer_group_id = $2 AND channel_id = $3`)
	assignmentsOf    = sqldb.Static(`SELECT ` + assignmentColumns + ` FROM price_list_assignments WHERE store_id = $1 AND customer_group_id = $2 ORDER BY id`)
	assignedAnywhere = sqldb.Static(`SELECT ` + assignmentColumns + ` FROM price_list_assignments WHERE store_id = $1 AND customer_group_id IN (0, $2)`)
	assignedOn       = sqldb.Static(`SELECT id FROM price_list_assignments WHERE store_id = $1 AND customer_group_id = $2 AND channel_id <> 0 LIMIT 1`)
	nextAssignments  = sqldb.Static(`UPDATE store_counters SET price_list_assignment_id = price_list_assignment_id + $2 WHERE store_id = $1 RETURNING price_list_assignment_id`)
	insertAssignment = sqldb.Static(`INSERT INTO price_list_assignments (store_id, id, price_list_id, customer_group_id, channel_id) VALUES ($1, $2, $3, $4, $5)`)
	reassign         = sqldb.Static(`UPDATE price_list_assignments SET price_list_id = $3 WHERE store_id = $1 AND id = $2`)
	unassign         = sqldb.Static(`DELETE FROM price_list_assignments WHERE store_id = $1 AND id = $2`)
)

func (a *Assignment) scan(r *sqldb.Row) {
	*a = Assignment{ID: r.Int(0), PriceListID: r.Int(1), GroupID: r.Int(2), ChannelID: r.Int(3)}
}

// PriceLists are the assignments that may apply to the members of one group.
type PriceLists []Assignment

// PriceListsQuery returns the query for the assignments that may apply to the
// members of a group, or with 0 to who is in none, to be run in a pipeline.
func PriceListsQuery(groupID int64, into *PriceLists) sqldb.Q {
	*into = nil
	return sqldb.Q{Stmt: assignedAnywhere, Args: []any{groupID}, Each: into.add}
}

func (p *PriceLists) add(r *sqldb.Row) error {
	*p = append(*p, Assignment{})
	(*p)[len(*p)-1].scan(r)
	return nil
}

// On returns the price list by which members of a group pay on a channel, 0 for
// none: that of the group on the channel, else that of the group, else that of
// the channel, unless the group has discounts, which come first.
func (p PriceLists) On(channelID, groupID int64, discounts bool) int64 {
	var a *Assignment
	if groupID != 0 {
		if a = p.at(groupID, channelID); a == nil {
			a = p.at(groupID, 0)
		}
	}
	if a == nil && !discounts {
		a = p.at(0, channelID)
	}
	if a == nil {
		return 0
	}
	return a.PriceListID
}

// at returns what applies to a group on a channel, or nil.
func (p PriceLists) at(groupID, channelID int64) *Assignment {
	i := slices.IndexFunc(p, func(a Assignment) bool { return a.GroupID == groupID && a.ChannelID == channelID })
	if i < 0 {
		return nil
	}
	return &p[i]
}

// Assignments returns a page of assignments.
func (s *Service) Assignments(ctx context.Context, storeID int64, q *listing.Query) ([]Assignment, *listing.Result, error) {
	var out PriceLists
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = nil
		res, err = q.Run(tx, assignmentColumns, out.add)
		return err
	})
	return out, res, err
}

// check notes what is wrong with an assignment by itself.
func (a *Assignment) check(c *fault.Collector) {
	if a.PriceListID < 1 {
		c.Because(FieldPriceList, fault.OutOfRange, WhyTarget, "")
	}
	if a.GroupID == 0 && a.ChannelID == 0 {
		c.Because(FieldGroup, fault.Required, WhyNowhere, "")
	}
}

// places are the groups and channels that assignments name, locked, and what
// applies to those groups already.
type places struct {
	groups   map[int64]bool // with whether a group has discounts
	channels map[int64]bool
	taken    PriceLists
}

// hold locks the store's counters, and then what assignments name, until the
// end of tx.
func hold(tx *sqldb.Tx, in []Assignment) (*places, error) {
	if err := tx.Exec(touch); err != nil {
		return nil, err
	}
	p := &places{groups: map[int64]bool{}, channels: map[int64]bool{}}
	var groups, channels []int64
	for i := range in {
		groups = append(groups, in[i].GroupID)
		if id := in[i].ChannelID; id != 0 {
			channels = append(channels, id)
		}
	}
	of, args := sqldb.In(nil, groups)
	qs := []sqldb.Q{
		{
			// Whoever changes a group's discounts has the same lock.
			Stmt: sqldb.Dynamic(`SELECT id, discount_rules FROM customer_groups WHERE store_id = $1 AND id IN ` + of + ` ORDER BY id` + tx.ForUpdate()), Args: args,
			Each: func(r *sqldb.Row) error { p.groups[r.Int(0)] = r.Text(1) != noRules; return nil },
		},
		{Stmt: sqldb.Dynamic(`SELECT ` + assignmentColumns + ` FROM price_list_assignments WHERE store_id = $1 AND customer_group_id IN ` + of), Args: args, Each: p.taken.add},
	}
	if len(channels) > 0 {
		qs = append(qs, store.HoldChannels(tx, channels, p.channels))
	}
	return p, tx.Pipeline(qs...)
}

// lacks tells which of the group and the channel of an assignment do not exist.
func (p *places) lacks(a *Assignment, c *fault.Collector) {
	if _, ok := p.groups[a.GroupID]; a.GroupID != 0 && !ok {
		c.Because(FieldGroup, fault.Unknown, WhyNoGroup, "")
	}
	if a.ChannelID != 0 && !p.channels[a.ChannelID] {
		c.Because(FieldChannel, fault.Unknown, WhyNoChannel, "")
	}
}

// discounted notes that a group has discounts, beside which it takes no price
// list.
func (p *places) discounted(a *Assignment, c *fault.Collector) {
	if p.groups[a.GroupID] {
		c.Because(FieldGroup, fault.NotAccepted, WhyHasDiscounts, "")
	}
}

// Assign makes assignments: all of them or, if any breaks a rule, none.
func (s *Service) Assign(ctx context.Context, storeID int64, in []Assignment) ([]Assignment, error) {
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		in[i].check(c)
		if PriceLists(in[:i]).at(in[i].GroupID, in[i].ChannelID) != nil {
			c.Because(FieldGroup, fault.Duplicate, WhyAssignedTwice, "")
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	out := make([]Assignment, len(in))
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		copy(out, in)
		p, err := hold(tx, out)
		if err != nil {
			return err
		}
		var unknown, clashes fault.Batch
		unknown.Each(len(out), func(i int, c *fault.Collector) { p.lacks(&out[i], c) })
		if err := unknown.Err(fault.Invalid); err != nil {
			return err
		}
		clashes.Each(len(out), func(i int, c *fault.Collector) {
			p.discounted(&out[i], c)
			if p.taken.at(out[i].GroupID, out[i].ChannelID) != nil {
				c.Because(FieldGroup, fault.Taken, WhyAssigned, "")
			}
		})
		if err := clashes.Err(fault.Conflict); err != nil {
			return err
		}
		return insertAssignments(tx, out, s.sys.Now())
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// PutAssignment makes an assignment or, where another price list applies to
// the same group and channel, puts this one in its place. It returns a NotFound
// fault if there is no such group or channel.
func (s *Service) PutAssignment(ctx context.Context, storeID int64, in Assignment) (Assignment, error) {
	c := fault.Collector{}
	in.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return Assignment{}, err
	}
	out := make([]Assignment, 1)
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out[0] = in
		p, err := hold(tx, out)
		if err != nil {
			return err
		}
		missing, clash := fault.Collector{}, fault.Collector{}
		p.lacks(&in, &missing)
		if err := missing.Err(fault.NotFound); err != nil {
			return err
		}
		p.discounted(&in, &clash)
		if err := clash.Err(fault.Conflict); err != nil {
			return err
		}
		return putAssignment(tx, p.taken.at(in.GroupID, in.ChannelID), &out[0], s.sys.Now())
	})
	return out[0], err
}

// putAssignment writes an assignment in the place of the one before, if any,
// and records it if it is another one. The caller holds the store's counters.
func putAssignment(tx *sqldb.Tx, before, a *Assignment, now int64) error {
	if before == nil {
		one := []Assignment{*a}
		err := insertAssignments(tx, one, now)
		*a = one[0]
		return err
	}
	a.ID = before.ID
	if a.PriceListID == before.PriceListID {
		return nil
	}
	if err := tx.Exec(reassign, a.ID, a.PriceListID); err != nil {
		return err
	}
	return store.Note(tx, now, []event.Event{a.event(event.PriceListAssignmentUpdated)}, []history.Entry{a.changeOf(before, a)})
}

// insertAssignments gives new assignments their ids, writes and records them.
func insertAssignments(tx *sqldb.Tx, as []Assignment, now int64) error {
	var last int64
	if err := tx.Query(nextAssignments, func(r *sqldb.Row) error { last = r.Int(0); return nil }, int64(len(as))); err != nil {
		return err
	}
	events, entries := make([]event.Event, len(as)), make([]history.Entry, len(as))
	for i := range as {
		a := &as[i]
		a.ID = last - int64(len(as)-1-i)
		if err := tx.Exec(insertAssignment, a.ID, a.PriceListID, a.GroupID, a.ChannelID); err != nil {
			return err
		}
		events[i], entries[i] = a.event(event.PriceListAssignmentUpdated), a.changeOf(nil, a)
	}
	return store.Note(tx, now, events, entries)
}

// Unassign deletes the assignments that q selects, and returns how many there
// were. Without a condition it is refused. Many go in several transactions.
func (s *Service) Unassign(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	if len(q.Filters) == 0 {
		return 0, fault.Broken(fault.Invalid, fault.Item{Code: fault.Required, Why: WhyNoFilter})
	}
	ctx = sqldb.Aside(ctx)
	n := 0
	for after, end := int64(0), int64(0); ; {
		var gone []int64
		err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
			var last int64
			// The lock comes before the rows', as everywhere here.
			if err := tx.Query(nextAssignments, func(r *sqldb.Row) error { last = r.Int(0); return nil }, int64(0)); err != nil {
				return err
			}
			if end == 0 {
				end = last // what is made meanwhile stays
			}
			if gone, err = q.Batch(tx, after, end, deleteAssignments); err != nil || len(gone) == 0 {
				return err
			}
			of, args := sqldb.In(nil, gone)
			var as PriceLists
			if err := tx.Query(sqldb.Dynamic(`SELECT `+assignmentColumns+` FROM price_list_assignments WHERE store_id = $1 AND id IN `+of+` ORDER BY id`), as.add, args...); err != nil {
				return err
			}
			return removeAssignments(tx, as, s.sys.Now())
		})
		n += len(gone)
		if err != nil || len(gone) < deleteAssignments {
			return n, err
		}
		after = gone[len(gone)-1]
		// What has begun is finished, whether or not the caller still listens.
		ctx = context.WithoutCancel(ctx)
	}
}

// removeAssignments deletes assignments and records it.
func removeAssignments(tx *sqldb.Tx, as []Assignment, now int64) error {
	events, entries := make([]event.Event, 0, 2*len(as)), make([]history.Entry, len(as))
	for i := range as {
		entries[i] = as[i].changeOf(&as[i], nil)
		if err := tx.Exec(unassign, as[i].ID); err != nil {
			return err
		}
		// The first is documented for whatever is unassigned too.
		events = append(events, as[i].event(event.PriceListAssignmentUpdated), as[i].event(event.PriceListAssignmentDeleted))
	}
	return store.Note(tx, now, events, history.Gone(entries))
}

func (a *Assignment) event(scope string) event.Event {
	return event.PriceListAssignment(scope, a.PriceListID, a.GroupID, a.ChannelID)
}

// assign brings the assignment of a group on all channels in line with its
// rules. The caller holds the store's counters.
func (g *Group) assign(tx *sqldb.Tx, now int64) error {
	var before PriceLists
	if err := tx.Query(assignmentAt, before.add, g.ID, int64(0)); err != nil {
		return err
	}
	if id := g.priceList(); id != 0 {
		return putAssignment(tx, before.at(g.ID, 0), &Assignment{PriceListID: id, GroupID: g.ID}, now)
	}
	return removeAssignments(tx, before, now)
}

// free refuses discounts of a group that has price lists on channels.
func (g *Group) free(tx *sqldb.Tx) error {
	if len(g.Discounts()) == 0 {
		return nil
	}
	return tx.Query(assignedOn, func(*sqldb.Row) error {
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldRules, Code: fault.NotAccepted, Why: WhyHasPriceLists})
	}, g.ID)
}

// unassign removes the assignments of a group that goes.
func (g *Group) unassign(tx *sqldb.Tx, now int64) error {
	var as PriceLists
	if err := tx.Query(assignmentsOf, as.add, g.ID); err != nil {
		return err
	}
	return removeAssignments(tx, as, now)
}

// priceList is the price list among a group's rules, 0 for none.
func (g *Group) priceList() int64 {
	for i := range g.Rules {
		if g.Rules[i].Type == RulePriceList {
			return g.Rules[i].Target
		}
	}
	return 0
}

// Discounts are a group's rules without its price list, which is kept as an
// assignment.
func (g *Group) Discounts() []Rule {
	if g.priceList() != 0 {
		return nil // it stands alone
	}
	return g.Rules
}
