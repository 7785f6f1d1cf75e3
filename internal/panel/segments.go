package panel

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/customer"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/segment"
	"clientele/internal/staff"
)

// segmentAt is where a segment is.
func (c *call) segmentAt(uuid, more string) string { return c.storeAt("/segments/" + uuid + more) }

func (c *call) segmentsPage() error {
	ctx, word := c.R.Context(), strings.TrimSpace(c.R.URL.Query().Get("q"))
	q, err := c.asked(segment.Browse, "name:like", strings.ReplaceAll(word, ",", " "))
	if err != nil {
		return err
	}
	segments, res, err := c.Segments.List(ctx, c.store.ID, q)
	if err != nil {
		return err
	}
	ids := make([]int64, len(segments))
	for i := range segments {
		ids[i] = segments[i].ID
	}
	sizes, err := c.Segments.Sizes(ctx, c.store.ID, ids...)
	if err != nil {
		return err
	}
	all, err := c.Rules.Rules(ctx, c.store.ID)
	if err != nil {
		return err
	}
	rules := map[int64]*segment.Rule{}
	for i := range all {
		rules[all[i].SegmentID] = &all[i]
	}
	p := &listPage{Pages: c.pagesOf(q, res, "results"), Table: &Table{ID: "list", Caption: c.look.Text("segments.title"), Columns: []Column{
		{Label: c.look.Text("field.name")}, {Label: c.look.Text("segments.members"), Numeric: true}, {Label: c.look.Text("segments.kind")}, {Label: c.look.Text("changed")},
	}}}
	for i := range segments {
		s := &segments[i]
		r := rules[s.ID]
		kind, changed := []Lozenge{c.segmentKind(r)}, s.DateModified
		if r != nil {
			changed = max(changed, r.DateModified)
			if !r.Ready {
				kind = append(kind, Lozenge{"warning", c.look.Text("segments.building", strconv.FormatInt(r.Progress(), 10))})
			}
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "segment-" + s.UUID, Cells: []Cell{
			{Text: s.Name, Sub: short(s.Description, 100), URL: c.segmentAt(s.UUID, "")}, {Text: c.bounded(sizes[s.ID], segment.SizeBound)}, {Lozenges: kind}, {When: c.when(changed)},
		}})
	}
	c.byName(p, "segments", "tag", word, len(segments), staff.Segments)
	return c.show(http.StatusOK, p)
}

// short cuts a text for a list.
func short(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func (c *call) segmentKind(r *segment.Rule) Lozenge {
	if r == nil {
		return Lozenge{"neutral", c.look.Text("segments.by_hand")}
	}
	return Lozenge{"info", c.look.Text("segments.by_rule")}
}

// oneSegment returns the segment of the address.
func (c *call) oneSegment() (*segment.Kept, error) {
	return c.Rules.Get(c.R.Context(), c.store.ID, chi.URLParam(c.R, "id"))
}

// segmentMembers is what a segment's page shows of its members.
type segmentMembers struct {
	*segment.Kept
	size      int64
	customers []customer.Customer
	query     *listing.Query
	res       *listing.Result
}

func (c *call) segmentMembers(s *segment.Kept) (*segmentMembers, error) {
	ctx := c.R.Context()
	q, err := c.asked(segment.BrowseMembers)
	if err != nil {
		return nil, err
	}
	m := &segmentMembers{Kept: s, query: q}
	sizes, err := c.Segments.Sizes(ctx, c.store.ID, s.ID)
	if err != nil {
		return nil, err
	}
	m.size = sizes[s.ID]
	ids, res, err := c.Segments.Customers(ctx, c.store.ID, s.ID, q)
	if err != nil {
		return nil, err
	}
	m.res = res
	m.customers, err = c.customersOf(ids)
	return m, err
}

// customersOf returns customers in the order of their ids, as far as they are
// there; a page of them at most.
func (c *call) customersOf(ids []int64) ([]customer.Customer, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	q := customer.List.New().Where("id", listing.In, ids, nil).WithoutTotal()
	q.Limit = listing.MaxLimit
	rows, _, err := c.Customers.List(c.R.Context(), c.store.ID, q, nil)
	if err != nil {
		return nil, err
	}
	at := make(map[int64]int, len(rows))
	for i := range rows {
		at[rows[i].ID] = i
	}
	out := make([]customer.Customer, 0, len(rows))
	for _, id := range ids {
		if i, there := at[id]; there {
			out = append(out, rows[i])
		}
	}
	return out, nil
}

// state tells whether the page still shows what is there.
func (m *segmentMembers) state() string {
	of := []any{m.Version(), m.size, m.DateModified}
	if r := m.Rule; r != nil {
		of = append(of, r.Progress(), m.Waiting)
	}
	for i := range m.customers {
		of = append(of, m.customers[i].ID, m.customers[i].DateModified)
	}
	return keyOf(of...)
}

// customerName is what a customer is called.
func customerName(x *customer.Customer) string {
	return cmp.Or(customer.FullName(x.FirstName, x.LastName), x.Email)
}

func (c *call) segmentView(s *segment.Kept) (*segmentView, error) {
	m, err := c.segmentMembers(s)
	if err != nil {
		return nil, err
	}
	p := &segmentView{}
	p.Title, p.Lead = s.Name, s.Description
	p.Crumbs = []html.Link{{Label: c.look.Text("segments.title"), URL: c.storeAt("/segments")}}
	kind := c.segmentKind(s.Rule)
	p.Facts = []Fact{{Label: c.look.Text("segments.members"), Value: c.bounded(m.size, segment.SizeBound)}, {Label: c.look.Text("segments.kind"), Lozenge: &kind}}
	if r := s.Rule; r != nil {
		p.Rule = r.Node.String()
		p.Facts = append(p.Facts, c.computed(s))
		if r.GroupID != 0 {
			p.Facts = append(p.Facts, Fact{Label: c.look.Text("segments.group"), Value: c.groupName(r.GroupID)})
		}
		if !r.Ready {
			p.Building, p.Progress = true, r.Progress()
		}
	}
	p.Facts = append(p.Facts, Fact{Label: c.look.Text("changed"), When: c.when(s.DateModified)}, Fact{Label: c.look.Text("segments.uuid"), Value: s.UUID})
	may := c.can(staff.Segments)
	if may {
		p.Actions = []Action{{Label: c.look.Text("edit"), URL: c.segmentAt(s.UUID, "/edit"), Primary: true}, {Label: c.look.Text("delete"), URL: c.segmentAt(s.UUID, "/delete"), Danger: true, Dialog: true}}
	}
	p.Events = c.with(c.segmentAt(s.UUID, "/live"), "of", m.state(), "after", c.R.URL.Query().Get("after"), "before", c.R.URL.Query().Get("before"), "limit", c.R.URL.Query().Get("limit"))
	byHand := may && s.Rule == nil
	p.Table = &Table{ID: "list", Caption: c.look.Text("segments.members"), Columns: []Column{{Label: c.look.Text("segments.customer")}, {Label: c.look.Text("field.email")}, {Label: c.look.Text("segments.joined")}}}
	if byHand {
		p.Table.Columns = append(p.Table.Columns, Column{Label: c.look.Text("actions"), Hidden: true})
	}
	for i := range m.customers {
		x := &m.customers[i]
		id := strconv.FormatInt(x.ID, 10)
		row := Row{ID: "customer-" + id, Cells: []Cell{{Text: customerName(x), Sub: x.Company, URL: c.customerAt(x.ID, "")}, {Text: x.Email}, {When: c.when(x.DateCreated)}}}
		if byHand {
			row.Cells = append(row.Cells, Cell{Post: &Button{Label: c.look.Text("remove"), Action: c.segmentAt(s.UUID, "/remove"), Fields: []html.Option{{Label: "customer", Value: id}}, About: customerName(x)}})
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	p.Pages = c.pagesOf(m.query, m.res, "members")
	if len(m.customers) == 0 {
		p.Table, p.Pages = nil, nil
		p.Empty = &Empty{Icon: "people", Title: c.look.Text("segments.empty.title"), Text: c.look.Text("segments.empty." + map[bool]string{true: "hand", false: "rule"}[s.Rule == nil])}
	}
	if byHand {
		p.Add = c.addForm(s.UUID)
	}
	return p, nil
}

// computed tells how far the members of a rule are right.
func (c *call) computed(s *segment.Kept) Fact {
	f := Fact{Label: c.look.Text("segments.computed")}
	switch {
	case !s.Rule.Ready:
		f.Lozenge = &Lozenge{"warning", c.look.Text("segments.building", strconv.FormatInt(s.Rule.Progress(), 10))}
	case s.Waiting:
		f.Lozenge = &Lozenge{"info", c.look.Text("segments.waiting")}
	default:
		f.When = c.when(c.visits.System.Now())
	}
	return f
}

// groupName is the name of a group; its number where it is gone.
func (c *call) groupName(id int64) string {
	_, groups, err := c.Rules.Subjects(c.R.Context(), c.store.ID)
	for i := range groups {
		if err == nil && groups[i].ID == id {
			return groups[i].Name
		}
	}
	return strconv.FormatInt(id, 10)
}

func (c *call) oneSegmentPage() error {
	s, err := c.oneSegment()
	if err != nil {
		return err
	}
	p, err := c.segmentView(s)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// segmentLive tells when the page of a segment is not what is there any more.
func (c *call) segmentLive() error {
	return c.follow(c.R.URL.Query().Get("of"), func() (string, error) {
		s, err := c.oneSegment()
		if err != nil {
			return "", err
		}
		m, err := c.segmentMembers(s)
		if err != nil {
			return "", err
		}
		return m.state(), nil
	})
}

func (c *call) deleteSegmentPage() error {
	s, err := c.oneSegment()
	if err != nil {
		return err
	}
	sizes, err := c.Segments.Sizes(c.R.Context(), c.store.ID, s.ID)
	if err != nil {
		return err
	}
	p := c.ask("segments.delete", c.segmentAt(s.UUID, "/delete"), true, c.segmentAt(s.UUID, ""), s.Name)
	p.Dialog.Lines = []string{c.look.Text("segments.delete.members", c.bounded(sizes[s.ID], segment.SizeBound))}
	if s.Rule != nil && s.Rule.GroupID != 0 {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text("segments.delete.group"))
	}
	p.Crumbs = []html.Link{{Label: c.look.Text("segments.title"), URL: c.storeAt("/segments")}, {Label: s.Name, URL: c.segmentAt(s.UUID, "")}}
	return c.show(http.StatusOK, p)
}

func (c *call) deleteSegment() error {
	s, err := c.oneSegment()
	if err != nil {
		return err
	}
	if _, err := c.Segments.Delete(c.R.Context(), c.store.ID, segment.DeleteList.New().Where("id", listing.In, nil, []string{s.UUID})); err != nil {
		return err
	}
	return c.done(c.storeAt("/segments"), "segment_deleted", s.Name)
}

// staleSegment shows a form of a segment that somebody else was quicker to change.
func (c *call) staleSegment(p *formPage, f *ruleForm) error {
	s, err := c.oneSegment()
	if err != nil {
		return err
	}
	now, err := c.ruledForm(s)
	if err != nil {
		return err
	}
	c.conflict(p.Form, now.Form)
	return c.showRule(http.StatusConflict, p, f)
}
