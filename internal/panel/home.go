package panel

import (
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/figure"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// FigureCard is a figure of a period, and its line by day.
type FigureCard struct {
	ID, Label, Value string
	Change           Lozenge
	Before           string // that of the period before, in words
	Chart            *Chart // nil: there is one day
}

// Chart is a line, drawn in a box of chartWidth by chartHeight.
type Chart struct {
	Line, Area        string // points
	Most, First, Last string // labels
	Summary           string
	Rows              []ChartRow
}

// ChartRow is a point of a line in the table behind it.
type ChartRow struct{ Label, Value string }

// Of charts.
const (
	chartWidth  = 320
	chartHeight = 72
	weekly      = 90 // of more days a point is a week
)

// freshDays is for how long a store is new: what there is to begin with stands above
// the figures then, which say little yet.
const freshDays = 7

// periods are the days that Home can tell of.
var periods = []int{1, 7, 30, 90, 365}

// period is the one that the address asks for.
func (c *call) period() int {
	for _, n := range periods {
		if c.R.URL.Query().Get("days") == strconv.Itoa(n) {
			return n
		}
	}
	return periods[2]
}

// homePage is the first page of a store.
func (c *call) homePage() error {
	p := &homeView{Hello: c.look.Text("home.hello", c.staff.Name)}
	p.Title = c.look.Text("nav.home")
	kept, err := c.Stores.Overview(c.R.Context(), []store.Store{*c.store})
	if err != nil {
		return err
	}
	if err := c.tasks(p, kept[0]); err != nil {
		return err
	}
	if p.Attention, err = c.attention(); err != nil {
		return err
	}
	p.Fresh = c.visits.System.Now()-c.store.DateCreated < freshDays*daySeconds
	days := c.period()
	p.Tabs = &Tabs{Label: c.look.Text("home.period")}
	for _, n := range periods {
		p.Tabs.Items = append(p.Tabs.Items, NavItem{Label: c.look.Text("home.period." + strconv.Itoa(n)), URL: c.storeAt("?days=" + strconv.Itoa(n)), Current: n == days})
	}
	figures, err := c.Figures.Period(c.R.Context(), c.store.ID, days)
	if err != nil {
		return err
	}
	for _, k := range figureCards {
		p.Cards = append(p.Cards, c.figureCard(figures.Of(k), figures.First))
	}
	card, err := c.confirmedCard(figures)
	if err != nil {
		return err
	}
	if card != nil {
		p.Cards = append(p.Cards, *card)
	}
	p.Sources = c.sources(figures)
	if p.Groups, err = c.groupTotals(); err != nil {
		return err
	}
	if c.can(staff.History) {
		page, err := c.History.List(c.R.Context(), c.store.ID, history.Filter{Limit: 5})
		if err != nil {
			return err
		}
		sealed, err := c.History.Sealed(c.R.Context(), c.store.ID)
		if err != nil {
			return err
		}
		if len(page.Records) > 0 {
			p.History, p.HistoryURL = c.historyTable(page.Records, sealed.To, 3), c.storeAt("/history")
		}
	}
	active, err := c.History.Latest(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	p.Facts = []Fact{
		{Label: c.look.Text("stores.customers"), Value: c.look.number(kept[0])}, {Label: c.look.Text("stores.activity"), When: c.when(active), Value: c.look.Text("never")},
		{Label: c.look.Text("new_store.hash"), Value: c.store.Hash}, {Label: c.look.Text("created"), When: c.when(c.store.DateCreated)},
	}
	return c.show(http.StatusOK, p)
}

// tasks are what there is to begin with, in a store with so many customers.
func (c *call) tasks(p *homeView, customers int64) error {
	people, err := c.Staff.Members(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	if c.mayOpen(ofStore + "/import") {
		p.Tasks = append(p.Tasks, task{Title: c.look.Text("task.import.title"), Text: c.look.Text("task.import.text"), Done: customers > 0, URL: c.storeAt("/import")})
	}
	if c.mayOpen(ofStore + "/settings/channels") {
		q := channel.SiteList.New()
		q.Limit = 1
		sites, _, err := c.Channels.Sites(c.R.Context(), c.store.ID, q)
		if err != nil {
			return err
		}
		p.Tasks = append(p.Tasks, task{Title: c.look.Text("task.site.title"), Text: c.look.Text("task.site.text"), Done: len(sites) > 0, URL: c.storeAt("/settings/channels")})
	}
	if c.mayOpen(ofStore + "/api-accounts/new") {
		accounts, err := c.APIAccounts.List(c.R.Context(), c.store.ID)
		if err != nil {
			return err
		}
		p.Tasks = append(p.Tasks, task{Title: c.look.Text("task.account.title"), Text: c.look.Text("task.account.text"), Done: len(accounts) > 0, URL: c.storeAt("/api-accounts/new")})
	}
	if c.can(staff.ManageStaff) {
		p.Tasks = append(p.Tasks, task{Title: c.look.Text("task.invite.title"), Text: c.look.Text("task.invite.text"), Done: len(people) > 1, URL: c.staffAt("/new")})
	}
	p.Tasks = append(p.Tasks, task{Title: c.look.Text("task.factor.title"), Text: c.look.Text("task.factor.text"), Done: c.staff.SecondFactor(), URL: Base + "/profile/security"})
	for _, t := range p.Tasks {
		if !t.Done {
			p.Left++
		}
	}
	return nil
}

// figureCards are the figures that have a card each, as they are.
var figureCards = []figure.Kind{figure.NewCustomers, figure.SignIns, figure.NewSubscribers, figure.LostSubscribers}

// figureKeys are the names of texts of figures. More of bad ones is no success.
var figureKeys = map[figure.Kind]string{figure.NewCustomers: "customers", figure.SignIns: "sign_ins", figure.NewSubscribers: "subscribers", figure.LostSubscribers: "lost"}

func (c *call) figureCard(s *figure.Series, first int64) FigureCard {
	key := figureKeys[s.Kind]
	card := FigureCard{ID: "figure-" + key, Label: c.look.Text("home.figure." + key), Value: c.look.number(s.Sum), Change: Lozenge{"neutral", c.look.Text("home.same")}}
	switch {
	case !s.Known:
		card.Change.Text = c.look.Text("home.unknown")
	case s.Before == 0 && s.Sum > 0:
		card.Change.Text = c.look.Text("home.from_none")
	case s.Before > 0:
		change := (s.Sum - s.Before) * 100 / s.Before
		if change > 0 {
			card.Change.Text = "+" + c.look.number(change) + " %"
		} else if change < 0 {
			card.Change.Text = "−" + c.look.number(-change) + " %"
		}
		if change != 0 {
			card.Change.Kind = map[bool]string{true: "success", false: "warning"}[(change > 0) == (s.Kind != figure.LostSubscribers)]
		}
	}
	if s.Known {
		card.Before = c.look.Text("home.before", c.look.number(s.Before))
	}
	card.Chart = c.chart(card.Label, s.Days, first)
	return card
}

// percent is a part of a whole, 100 at most.
func percent(part, of int64) int64 {
	if of == 0 {
		return 0
	}
	return min(part*100/of, 100)
}

// confirmedCard tells how many of the subscriptions were confirmed that were to
// be; nil where the store asks for no confirmation.
func (c *call) confirmedCard(p *figure.Period) (*FigureCard, error) {
	asked, confirmed := p.Of(figure.OptInsAsked), p.Of(figure.OptInsConfirmed)
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil || !settings.Storefront.ConfirmSubscription && asked.Sum == 0 && confirmed.Sum == 0 {
		return nil, err
	}
	card := &FigureCard{ID: "figure-confirmed", Label: c.look.Text("home.figure.confirmed"), Value: "–", Change: Lozenge{"neutral", c.look.Text("home.unknown")}}
	if asked.Sum+confirmed.Sum == 0 {
		card.Change.Text = c.look.Text("home.confirmed.none")
		return card, nil
	}
	now := percent(confirmed.Sum, max(asked.Sum, confirmed.Sum))
	card.Value = strconv.FormatInt(now, 10) + " %"
	card.Before = c.look.Text("home.confirmed", c.look.number(confirmed.Sum), c.look.number(max(asked.Sum, confirmed.Sum)))
	if of := max(asked.Before, confirmed.Before); of > 0 {
		switch change := now - percent(confirmed.Before, of); {
		case change > 0:
			card.Change = Lozenge{"success", c.look.PluralWith("home.points", change, "+"+strconv.FormatInt(change, 10))}
		case change < 0:
			card.Change = Lozenge{"warning", c.look.PluralWith("home.points", -change, "−"+strconv.FormatInt(-change, 10))}
		default:
			card.Change.Text = c.look.Text("home.same")
		}
	}
	card.Chart = c.chart(c.look.Text("home.confirmed.chart"), confirmed.Days, p.First)
	return card, nil
}

// sourceKeys are the names of texts of where subscribers come from.
var sourceKeys = []struct {
	kind figure.Kind
	key  string
}{{figure.SubscribersOfStorefront, "storefront"}, {figure.SubscribersOfOrders, "orders"}, {figure.SubscribersOfApps, "apps"}}

// sources tells how the new subscribers came; nil where there are none.
func (c *call) sources(p *figure.Period) *Table {
	all := int64(0)
	for _, s := range sourceKeys {
		all += p.Of(s.kind).Sum
	}
	if all == 0 {
		return nil
	}
	t := &Table{ID: "sources", Caption: c.look.Text("home.sources"), Columns: []Column{{Label: c.look.Text("home.source")}, {Label: c.look.Text("home.figure.subscribers"), Numeric: true}, {Label: c.look.Text("home.source.share"), Numeric: true}}}
	for _, s := range sourceKeys {
		n := p.Of(s.kind).Sum
		t.Rows = append(t.Rows, Row{ID: "source-" + s.key, Cells: []Cell{{Text: c.look.Text("home.source." + s.key)}, {Text: c.look.number(n)}, {Text: strconv.FormatInt(percent(n, all), 10) + " %"}}})
	}
	return t
}

// chart draws a line of days.
func (c *call) chart(label string, days []int64, first int64) *Chart {
	if len(days) < 2 {
		return nil
	}
	step := 1
	if len(days) > weekly {
		step = 7
	}
	var values []int64
	out := &Chart{}
	date := func(day int64) string { return figure.Day(day).Format(c.look.Text("date.day")) }
	// The last point is whole; the first one may not be.
	for end := len(days); end > 0; end -= step {
		sum := int64(0)
		for _, v := range days[max(0, end-step):end] {
			sum += v
		}
		from := date(first + int64(max(0, end-step)))
		if step > 1 {
			from = c.look.Text("home.week", from)
		}
		values = append([]int64{sum}, values...)
		out.Rows = append([]ChartRow{{from, c.look.number(sum)}}, out.Rows...)
	}
	most := int64(1)
	for _, v := range values {
		most = max(most, v)
	}
	var points []string
	for i, v := range values {
		x := float64(i) * chartWidth / float64(len(values)-1)
		y := chartHeight - 2 - float64(v)*(chartHeight-6)/float64(most)
		points = append(points, strconv.FormatFloat(x, 'f', 1, 64)+","+strconv.FormatFloat(y, 'f', 1, 64))
	}
	out.Line = strings.Join(points, " ")
	out.Area = "0," + strconv.Itoa(chartHeight) + " " + out.Line + " " + strconv.Itoa(chartWidth) + "," + strconv.Itoa(chartHeight)
	out.Most, out.First, out.Last = c.look.number(most), date(first), date(first+int64(len(days))-1)
	out.Summary = c.look.Text("home.chart", label, out.First, out.Last, out.Most)
	return out
}

// groupsShown is how many groups Home tells the size of.
const groupsShown = 8

// groupTotals are how many customers groups have.
func (c *call) groupTotals() (*Table, error) {
	q := group.Browse.New()
	q.Limit = groupsShown
	groups, _, err := c.Groups.Browse(c.R.Context(), c.store.ID, q)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	ids := make([]int64, len(groups))
	for i := range groups {
		ids[i] = groups[i].ID
	}
	sizes, err := c.Customers.GroupSizes(c.R.Context(), c.store.ID, ids...)
	if err != nil {
		return nil, err
	}
	t := &Table{ID: "groups", Caption: c.look.Text("home.groups"), Columns: []Column{{Label: c.look.Text("field.name")}, {Label: c.look.Text("groups.customers"), Numeric: true}}}
	for i := range groups {
		g := &groups[i]
		t.Rows = append(t.Rows, Row{ID: "total-" + strconv.FormatInt(g.ID, 10), Cells: []Cell{{Text: g.Name, URL: c.groupAt(g.ID, "")}, {Text: c.bounded(sizes[g.ID], customer.GroupSizeBound)}}})
	}
	return t, nil
}
