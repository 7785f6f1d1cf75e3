package panel

import (
	"cmp"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"clientele/internal/history"
	"clientele/internal/html"
	"clientele/internal/jsonx"
)

// ChangeLine is a change of a field in a table.
type ChangeLine struct{ Label, Before, After string }

// historyAsked is what the address of the history asks for.
func (c *call) historyAsked() history.Filter {
	q := c.R.URL.Query()
	f := history.Filter{Action: q.Get("action"), Resource: q.Get("resource"), Text: short(strings.TrimSpace(q.Get("q")), 190), Limit: c.size()}
	// What cannot be read finds nothing, rather than everything.
	number := func(name string) int64 {
		text := strings.TrimPrefix(strings.TrimSpace(q.Get(name)), "#")
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && (err != nil || n < 0) {
			return -1
		}
		return n
	}
	f.CustomerID, f.Before, f.After = number("customer"), number("after"), number("before")
	kind, who, _ := strings.Cut(q.Get("by"), ":")
	f.Actor = kind
	if id, err := strconv.ParseInt(who, 10, 64); err == nil && history.ActorKindOf(kind) == history.ByAccount {
		f.ActorID = id
	} else {
		f.ActorName = who
	}
	day := func(name string) (first, last int64) {
		first, last, ok := c.day(q.Get(name))
		if !ok && q.Get(name) != "" {
			f.CustomerID = -1
		}
		return first, last
	}
	f.Since, _ = day("from")
	_, f.Until = day("to")
	return f
}

// known is a text, or the name itself where there is none.
func (c *call) known(prefix, name string) string {
	if c.look.Has(prefix + name) {
		return c.look.Text(prefix + name)
	}
	return strings.ReplaceAll(name, "_", " ")
}

func (c *call) actorName(a *history.Actor) string {
	switch name := cmp.Or(a.Name, a.ClientID); {
	case a.Kind == history.Shopper:
		return c.look.Text("history.who.shopper.of", strconv.FormatInt(a.ID, 10))
	case name != "":
		return name
	case a.ID != 0:
		return c.known("history.who.", a.Kind.String()) + " " + strconv.FormatInt(a.ID, 10)
	}
	return c.known("history.who.", a.Kind.String())
}

// choice is a field of the filters with a list of names.
func (c *call) choice(name, label, prefix string, names []string) *html.Field {
	chosen := c.R.URL.Query().Get(name)
	f := &html.Field{Name: name, Label: c.look.Text(label), Type: "select", Options: []html.Option{{Label: c.look.Text("all")}}}
	for _, n := range names {
		f.Options = append(f.Options, html.Option{Value: n, Label: c.known(prefix, n), Selected: n == chosen})
	}
	slices.SortStableFunc(f.Options[1:], func(a, b html.Option) int { return strings.Compare(a.Label, b.Label) })
	return f
}

func (c *call) historyFilters() (*Filters, error) {
	q := c.R.URL.Query()
	actors, err := c.History.Actors(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	by := &html.Field{Name: "by", Label: c.look.Text("history.by"), Type: "select", Options: []html.Option{{Label: c.look.Text("all")}}}
	add := func(value, label string) {
		by.Options = append(by.Options, html.Option{Value: value, Label: label, Selected: value == q.Get("by")})
	}
	for _, kind := range []history.ActorKind{history.Shopper, history.Visitor, history.System} {
		add(kind.String(), c.known("history.who.", kind.String()))
	}
	for i := range actors {
		a := &actors[i]
		value := a.Kind.String() + ":" + cmp.Or(a.Name, a.ClientID)
		if a.Kind == history.ByAccount {
			value = a.Kind.String() + ":" + strconv.FormatInt(a.ID, 10)
		}
		add(value, c.known("history.who.", a.Kind.String())+": "+c.actorName(a))
	}
	day := func(name string) *html.Field {
		return &html.Field{Name: name, Label: c.look.Text("history." + name), Type: "date", Value: q.Get(name)}
	}
	return &Filters{Action: c.storeAt("/history"), Label: c.look.Text("history.search"), Query: q.Get("q"), Swap: "results", Fields: []*html.Field{
		by, c.choice("action", "history.action", "history.did.", history.Actions()), c.choice("resource", "history.resource", "history.about.", history.Resources()),
		{Name: "customer", Label: c.look.Text("history.customer"), Type: "text", InputMode: "numeric", Value: q.Get("customer"), MaxLength: 20}, day("from"), day("to"),
	}}, nil
}

func (c *call) historyPage() error {
	f := c.historyAsked()
	page, err := c.History.List(c.R.Context(), c.store.ID, f)
	if err != nil {
		return err
	}
	sealed, err := c.History.Sealed(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("history.title"), c.look.Text("history.lead")
	q := c.R.URL.Query()
	for _, name := range []string{"after", "before", "limit"} {
		q.Del(name)
	}
	at := func(format string) string { q.Set("format", format); return c.storeAt("/history/export?" + q.Encode()) }
	p.Actions = []Action{{Label: c.look.Text("history.export.csv"), URL: at("csv")}, {Label: c.look.Text("history.export.ndjson"), URL: at("ndjson")}}
	if p.Filters, err = c.historyFilters(); err != nil {
		return err
	}
	p.Note = c.sealedNote(&sealed)
	p.Table = c.historyTable(page.Records, sealed.To, maxChanges)
	p.Filters.Count = c.look.Plural("history.count", len(page.Records))
	cursor := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	p.Pages = c.turns(cursor(page.Newer), cursor(page.Older), "results")
	if len(page.Records) == 0 {
		p.Table = nil
		p.Empty = &Empty{Icon: "clock", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/history")}}
		if page.Older != 0 {
			p.Empty.Text, p.Empty.Action = c.look.Text("history.further.text"), &Action{Label: c.look.Text("history.further"), URL: p.Pages.Next}
		}
	}
	return c.show(http.StatusOK, p)
}

// sealedNote tells in words how far the history is sealed.
func (c *call) sealedNote(s *history.Sealing) *Message {
	switch {
	case s.Last == 0:
		return nil
	case s.To == 0:
		return &Message{Kind: "info", Text: c.look.Text("history.unsealed")}
	case s.To < s.Last:
		return &Message{Kind: "info", Text: c.look.Plural("history.sealed.rest", int(s.Last-s.To))}
	}
	return &Message{Kind: "success", Text: c.look.Text("history.sealed")}
}

// maxChanges is how many changes of an entry a table shows.
const maxChanges = 12

// historyTable shows entries, each with so many of its changes at most.
func (c *call) historyTable(records []history.Listed, sealedTo int64, most int) *Table {
	t := &Table{ID: "list", Caption: c.look.Text("history.title"), Columns: []Column{
		{Label: c.look.Text("history.when")}, {Label: c.look.Text("history.by")}, {Label: c.look.Text("history.what")}, {Label: c.look.Text("history.changes")},
	}}
	for i := range records {
		e := &records[i]
		when := Cell{When: c.when(e.Time)}
		if sealedTo != 0 && e.ID > sealedTo {
			when.Lozenges = []Lozenge{{"neutral", c.look.Text("history.open")}}
		}
		by := Cell{Text: c.actorName(&e.Actor), Sub: c.known("history.surface.", e.Surface.String())}
		if e.Address != "" {
			by.Sub += " · " + e.Address
		}
		what := Cell{Text: c.known("history.did.", e.Action.String()) + ": " + c.known("history.about.", e.Resource.String())}
		if e.ResourceID != 0 {
			what.Text += " " + strconv.FormatInt(e.ResourceID, 10)
		}
		if e.CustomerID != 0 && (e.Resource != history.Customer || e.ResourceID != e.CustomerID) {
			what.Sub = c.look.Text("history.of_customer", strconv.FormatInt(e.CustomerID, 10))
		}
		if e.Reason != "" {
			what.Sub = strings.TrimPrefix(what.Sub+" · "+c.look.Text("history.reason", e.Reason), " · ")
		}
		changes := Cell{Changes: c.changeLines(e, most)}
		if e.Erased {
			changes.Lozenges = []Lozenge{{"warning", c.look.Text("history.taken")}}
		}
		if more := len(e.Changes) - most; more > 0 {
			changes.Sub = c.look.Text("history.more", strconv.Itoa(more))
		}
		t.Rows = append(t.Rows, Row{ID: "entry-" + strconv.FormatInt(e.ID, 10), Cells: []Cell{when, by, what, changes}})
	}
	return t
}

// changeLines returns the changes of an entry in words, most of them at most.
func (c *call) changeLines(e *history.Listed, most int) []ChangeLine {
	var out []ChangeLine
	for _, ch := range e.Changes[:min(len(e.Changes), most)] {
		out = append(out, ChangeLine{c.recordedField(ch.Field, nil), c.changed(ch.Field, ch.Before), c.changed(ch.Field, ch.After)})
	}
	return out
}

// changed is a value of a change in words.
func (c *call) changed(field, value string) string {
	if field == "category_access" {
		v, err := jsonx.Parse([]byte(value), jsonx.Limits{Depth: 8, Values: 1000})
		if err != nil {
			return ""
		}
		kind, _ := v.Get("type").Str()
		text := c.known("groups.field.access.", kind)
		if some := v.Get("categories"); some.Len() > 0 {
			text += ": " + c.recorded(field, some.Source(), nil)
		}
		return short(text, 300)
	}
	return short(c.recorded(field, value, nil), 300)
}

// exportHistory answers with all entries that the address asks for, page by page.
func (c *call) exportHistory() error {
	format := c.R.URL.Query().Get("format")
	f := c.historyAsked()
	f.Limit, f.After, f.Before = history.MaxLimit, 0, 0
	kind := "application/x-ndjson"
	if format == "csv" {
		kind = "text/csv; charset=utf-8"
	} else {
		format = "ndjson"
	}
	if c.R.Method != http.MethodHead {
		if err := c.History.Exported(c.R.Context(), c.store.ID, c.visits.System.Now(), format); err != nil {
			return err
		}
	}
	page, err := c.History.List(c.R.Context(), c.store.ID, f)
	if err != nil {
		return err
	}
	c.exchange.Lasts()
	html.Secure(c.W.Header(), c.referrer())
	c.W.Header().Set("Content-Type", kind)
	c.W.Header().Set("Content-Disposition", `attachment; filename="history-`+c.store.Hash+`.`+format+`"`)
	c.W.WriteHeader(http.StatusOK)
	if c.R.Method == http.MethodHead {
		return nil
	}
	table := csv.NewWriter(c.W)
	if format == "csv" {
		// Spreadsheets take the text for UTF-8 by its mark. A client that hung up is
		// seen when the page is flushed.
		_, _ = c.W.Write([]byte("\uFEFF"))
		_ = table.Write([]string{"id", "time", "actor_kind", "actor", "surface", "action", "resource", "resource_id", "customer_id", "field", "before", "after", "reason", "ip", "request_id"})
	}
	sys := c.visits.System
	for end := sys.Elapsed() + exportTime; ; {
		for i := range page.Records {
			e := &page.Records[i]
			if format == "csv" {
				writeEntry(table, e)
			} else if _, err := c.W.Write(append(e.AppendJSON(nil), '\n')); err != nil {
				return nil // the exchange keeps the error: the client is gone
			}
		}
		if table.Flush(); table.Error() != nil {
			return nil
		}
		_ = http.NewResponseController(c.W).Flush()
		if page.Older == 0 {
			return nil
		}
		if sys.Elapsed() > end {
			panic(http.ErrAbortHandler) // what lacks its end is not to look whole
		}
		f.Before = page.Older
		if page, err = c.History.List(c.R.Context(), c.store.ID, f); err != nil {
			return err
		}
	}
}

// exportTime bounds an export, within what the server gives to any answer.
const exportTime = 100 * time.Second

// writeEntry writes a line for each change of an entry.
func writeEntry(table *csv.Writer, e *history.Listed) {
	id := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	changes := e.Changes
	if len(changes) == 0 {
		changes = []history.Change{{}}
	}
	for _, ch := range changes {
		line := []string{
			id(e.ID), time.Unix(e.Time, 0).UTC().Format(time.RFC3339), e.Actor.Kind.String(), cmp.Or(e.Actor.Name, e.Actor.ClientID, id(e.Actor.ID)), e.Surface.String(), e.Action.String(), e.Resource.String(),
			id(e.ResourceID), id(e.CustomerID), ch.Field, history.Shown(ch.Before), history.Shown(ch.After), e.Reason, e.Address, e.RequestID,
		}
		for i := range line {
			line[i] = defused(line[i])
		}
		_ = table.Write(line) // as above
	}
}

// defused is a value of a table that no program for spreadsheets takes for a
// formula.
func defused(text string) string {
	begins := strings.TrimLeftFunc(text, unicode.IsSpace)
	if r, _ := utf8.DecodeRuneInString(begins); begins != "" && strings.ContainsRune("=+-@＝＋－＠", r) || text != "" && strings.ContainsRune("\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
