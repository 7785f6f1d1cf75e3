package merge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/owned"
	"clientele/internal/portable"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

// state is what was read of customers who are to be merged.
type state struct {
	ask       Ask
	customers []portable.Record // who stays first, the others as they were asked for
	tables    []tableState
	standings []subscriber.ChannelStanding
	blockers  []Blocker
}

type tableState struct {
	part *owned.Part
	of   map[int64][]portable.Record // by customer
}

// read reads what customers have. clause locks it.
func (s *Service) read(tx *sqldb.Tx, a Ask, clause string) (*state, error) {
	all := a.all()
	rows, err := customer.Whole(tx, all, clause)
	if err != nil {
		return nil, err
	}
	out := &state{ask: a}
	c := fault.Collector{}
	var addresses []string
	for i, id := range all {
		at := slices.IndexFunc(rows, func(r portable.Record) bool { return r.Int("id") == id })
		if at < 0 && i == 0 {
			c.Because(FieldKeep, fault.Unknown, customer.WhyNoCustomer, "")
		} else if at < 0 {
			c.Because(FieldMerge, fault.Unknown, customer.WhyNoCustomer, "")
		} else {
			out.customers = append(out.customers, rows[at])
			addresses = append(addresses, rows[at].Text("email"))
		}
	}
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	owners := map[string]map[int64]int64{} // customers by the ids of rows, by table
	for i := range s.parts {
		p := &s.parts[i]
		ids, by := all, map[int64]int64(nil)
		if p.Through != "" {
			ids, by = nil, owners[p.Through]
			for id := range by {
				ids = append(ids, id)
			}
			slices.Sort(ids)
		}
		rows, err := p.Rows.ReadOf(tx, p.OwnerColumn(), ids, clause, most+1)
		if err != nil {
			return nil, err
		}
		if len(rows) > most {
			out.blockers = append(out.blockers, Blocker{Why: WhyManyRows, Table: p.Table()})
			rows = rows[:most]
		}
		t := tableState{p, map[int64][]portable.Record{}}
		owners[p.Table()] = map[int64]int64{}
		for _, r := range rows {
			owner := p.OwnerOf(r)
			if by != nil {
				owner = by[owner]
			}
			t.of[owner] = append(t.of[owner], r)
			owners[p.Table()][r.Number()] = owner
		}
		out.tables = append(out.tables, t)
	}
	out.standings, err = subscriber.StandingsOf(tx, addresses, clause)
	return out, err
}

// chosen is one of Ask.TakeOf.
type chosen struct {
	Choice
	ID int64
}

// etag tells whether what was read is what somebody saw.
func (st *state) etag() (string, error) {
	h := sha256.New()
	ask := &st.ask
	take := make([]chosen, 0, len(ask.TakeOf))
	for c, id := range ask.TakeOf {
		take = append(take, chosen{c, id})
	}
	slices.SortFunc(take, func(a, b chosen) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Of, b.Of)) })
	for _, v := range []any{ask.Keep, ask.Merge, ask.Take, ask.SignIn, take, st.standings} {
		b, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		h.Write(append(b, '\n'))
	}
	var line []byte
	write := func(r portable.Record) {
		line = append(r.Append(line[:0]), '\n')
		h.Write(line)
	}
	for _, r := range st.customers {
		write(r)
	}
	for _, t := range st.tables {
		if t.part.Passing {
			continue
		}
		h.Write([]byte(t.part.Table() + "\n"))
		for _, id := range ask.all() {
			for _, r := range t.of[id] {
				write(r)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// plan is what a merge does.
type plan struct {
	*state
	result    portable.Record
	tables    []tablePlan
	conflicts []Conflict
	becomes   []subscriber.Becomes
}

// tablePlan is what becomes of the rows of a table.
type tablePlan struct {
	part *owned.Part
	// Moved get another owner and stay what they are. Gone go with their customer.
	// Displaced are those of who stays that another one's take the place of, Made
	// those that who stays gets.
	moved, gone, displaced, made []portable.Record
	same                         int
}

// plan plans the merge of what was read.
func (s *Service) plan(tx *sqldb.Tx, st *state) (*plan, error) {
	p := &plan{state: st}
	by := map[string]*tablePlan{}
	p.tables = make([]tablePlan, len(st.tables))
	for i := range st.tables {
		t := &p.tables[i]
		t.part = st.tables[i].part
		by[t.part.Table()] = t
		var err error
		switch {
		case t.part.Through != "":
			err = p.follow(tx, t, &st.tables[i], by[t.part.Through], st.of(t.part.Through))
		case t.part.Becomes == owned.Moves:
			p.move(t, &st.tables[i])
		default:
			p.join(t, &st.tables[i])
		}
		if err != nil {
			return nil, err
		}
	}
	p.fields()
	for i := range st.standings {
		if b := st.standings[i].Merged(p.result.Text("email")); b.Changes() {
			p.becomes = append(p.becomes, b)
		}
	}
	free, err := customer.FreeBut(tx, p.result.Text("email"), customer.FromRow(p.result).ChannelIDs, st.people())
	if err != nil {
		return nil, err
	}
	if !free {
		p.blockers = append(p.blockers, Blocker{Why: WhyEmailTaken, Email: p.result.Text("email")})
	}
	return p, nil
}

func (st *state) people() []customer.Customer {
	out := make([]customer.Customer, len(st.customers))
	for i, r := range st.customers {
		out[i] = customer.FromRow(r)
	}
	return out
}

func (st *state) of(table string) *tableState {
	i := slices.IndexFunc(st.tables, func(t tableState) bool { return t.part.Table() == table })
	return &st.tables[i]
}

// rival is a row of those that are the same.
type rival struct {
	customer int64
	row      portable.Record
}

// move plans the rows of a table that move.
func (p *plan) move(t *tablePlan, st *tableState) {
	groups := map[string][]rival{}
	var order []string
	keep := p.ask.Keep
	for _, id := range p.ask.all() {
		for _, r := range st.of[id] {
			if t.part.Same == nil {
				if id != keep {
					t.moved = append(t.moved, r)
				}
				continue
			}
			k := t.part.Same(r)
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], rival{id, r})
		}
	}
	for _, k := range order {
		all := groups[k]
		wins := p.winner(t.part, all)
		for i, r := range all {
			switch {
			case r.customer == keep && i != wins:
				t.displaced = append(t.displaced, r.row)
			case r.customer == keep:
			case t.part.Keyed():
				t.gone = append(t.gone, r.row)
				if i == wins {
					made := r.row.Copy()
					made.SetInt(t.part.OwnerColumn(), keep)
					t.made = append(t.made, made)
				}
			case i == wins:
				t.moved = append(t.moved, r.row)
			default:
				t.gone = append(t.gone, r.row)
			}
			if r.customer != keep && i != wins {
				t.same++
			}
		}
		p.clash(t.part, all, wins)
	}
}

// winner returns which of rows that are the same stays.
func (p *plan) winner(part *owned.Part, all []rival) int {
	if part.Choice != nil {
		want := p.ask.TakeOf[Choice{part.Table(), part.Choice(all[0].row)}]
		if i := slices.IndexFunc(all, func(r rival) bool { return r.customer == want }); i >= 0 {
			return i
		}
	}
	return 0
}

// clash notes rows that are the same but say something different.
func (p *plan) clash(part *owned.Part, all []rival, wins int) {
	differ := slices.ContainsFunc(all, func(r rival) bool {
		return !r.row.Same(all[0].row, part.OwnerColumn(), part.ID, "date_created", "date_modified")
	})
	named := all[0].row.Has("name")
	if valued := all[0].row.Has("value"); !differ || !valued && !named {
		return
	}
	c := Conflict{Table: part.Table(), Taken: all[wins].customer}
	if part.Choice != nil {
		c.Of = part.Choice(all[0].row)
	}
	for _, r := range all {
		v := Value{CustomerID: r.customer}
		if r.row.Has("value") {
			v.Text = r.row.Text("value")
		} else {
			v.Text = r.row.Text("name")
		}
		c.Values = append(c.Values, v)
	}
	p.conflicts = append(p.conflicts, c)
}

// join plans the rows of a table that end, or of which one comes.
func (p *plan) join(t *tablePlan, st *tableState) {
	var all []portable.Record
	for _, id := range p.ask.all() {
		all = append(all, st.of[id]...)
		if id != p.ask.Keep {
			t.gone = append(t.gone, st.of[id]...)
		}
	}
	if t.part.Becomes != owned.Joins || len(t.gone) == 0 {
		return
	}
	made := t.part.Join(all)
	made.SetInt(t.part.OwnerColumn(), p.ask.Keep)
	own := st.of[p.ask.Keep]
	if len(own) == 1 && own[0].Same(made) {
		return
	}
	t.displaced, t.made = own, []portable.Record{made}
}

// follow plans rows whose owners are rows of another table.
func (p *plan) follow(tx *sqldb.Tx, t *tablePlan, st *tableState, owners *tablePlan, all *tableState) error {
	ends := map[int64]bool{}
	for _, r := range owners.gone {
		ends[r.Number()] = true
	}
	stays := int64(0) // the one owner that is left, where there is one
	if owners.part.Same != nil {
		for _, id := range p.ask.all() {
			for _, r := range all.of[id] {
				if !ends[r.Number()] && stays == 0 {
					stays = r.Number()
				}
			}
		}
	}
	has := map[string]bool{}
	for _, id := range p.ask.all() {
		for _, r := range st.of[id] {
			if ends[t.part.OwnerOf(r)] {
				t.gone = append(t.gone, r)
			} else if t.part.Same != nil {
				has[t.part.Same(r)] = true
			}
		}
	}
	if t.part.Becomes != owned.Moves || len(t.gone) == 0 || stays == 0 {
		return nil
	}
	fit := t.gone
	if t.part.Fits != nil {
		var err error
		if fit, err = t.part.Fits(tx, fit); err != nil {
			return err
		}
	}
	for _, r := range fit {
		k := t.part.Same(r)
		if has[k] {
			t.same++
			continue
		}
		has[k] = true
		made := r.Copy()
		made.SetInt(t.part.OwnerColumn(), stays)
		t.made = append(t.made, made)
	}
	return nil
}

// fields plans the account itself.
func (p *plan) fields() {
	keep := p.customers[0]
	p.result = keep.Copy()
	// What a rule gave is the rule's, which looks again.
	before := map[int64]portable.Record{}
	for id, rows := range p.of(segment.RuledGroups).of {
		before[id] = rows[0]
	}
	for _, f := range Fields {
		taken := 0
		if want, chosen := p.ask.Take[f]; chosen {
			taken = slices.IndexFunc(p.customers, func(r portable.Record) bool { return r.Int("id") == want })
		} else if f.text(keep) == "" {
			taken = max(0, slices.IndexFunc(p.customers, func(r portable.Record) bool {
				_, ruled := before[r.Int("id")]
				return f.text(r) != "" && (f != Group || !ruled)
			}))
		}
		if taken > 0 {
			f.copyTo(p.result, p.customers[taken])
		}
		c := Conflict{Field: f, Taken: p.customers[taken].Int("id")}
		differ := false
		for _, r := range p.customers {
			text := f.text(r)
			if text == "" {
				continue
			}
			differ = differ || len(c.Values) > 0 && (f == Password || text != c.Values[0].Text)
			if f == Password {
				text = ""
			}
			c.Values = append(c.Values, Value{r.Int("id"), text})
		}
		if differ {
			p.conflicts = append(p.conflicts, c)
		}
	}
	if _, chosen := p.ask.Take[Notes]; !chosen {
		p.result.SetText("notes", p.notes())
	}
	for _, r := range p.customers {
		p.result.SetInt("accepts_emails", min(p.result.Int("accepts_emails"), r.Int("accepts_emails")))
	}
	p.result.SetText("channel_ids", customer.ChannelText(customer.AllChannels(p.people())))
}

// notes are those of all, as far as they fit.
func (p *plan) notes() string {
	out := ""
	var seen []string
	for _, r := range p.customers {
		text := r.Text("notes")
		if text == "" || slices.Contains(seen, text) {
			continue
		}
		seen = append(seen, text)
		if out == "" {
			out = text
		} else if longer := out + "\n" + text; customer.NotesFit(longer) {
			out = longer
		}
	}
	return out
}

// preview tells what the plan does.
func (p *plan) preview(etag string) *Preview {
	out := &Preview{
		Customer: customer.FromRow(p.result), Former: p.people(), HasPassword: p.result.Text("password_hash") != "",
		Conflicts: p.conflicts, Subscribers: p.becomes, Blockers: p.blockers, ETag: etag,
	}
	for _, c := range out.Former[1:] {
		out.Customer.StoreCredit += c.StoreCredit
	}
	for i := range p.tables {
		t := &p.tables[i]
		m := Move{Table: t.part.Table(), Title: t.part.Title, Moved: len(t.moved), Same: t.same}
		switch {
		case t.part.Becomes == owned.Moves:
			m.Moved += len(t.made)
		case t.part.Becomes == owned.Joins:
			m.Same = len(t.gone)
		case t.part.Through == "":
			m.Ends = len(t.gone)
		}
		if m.Moved+m.Same+m.Ends > 0 {
			out.Moves = append(out.Moves, m)
		}
	}
	return out
}
