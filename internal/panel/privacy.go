package panel

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/html"
	persons "clientele/internal/person"
)

// privacyView is the privacy desk: the search for a person, what is kept of them, and
// what persons have asked for.
type privacyView struct {
	frame
	Action, Email string
	Message       *Message
	Found         []*Block // of the person; empty: nobody is looked for
	Groups        []ChipGroup
	Swap          string
	Table         *Table
	Pages         *Pages
	Empty         *Empty
}

func (*privacyView) template() string { return "privacy" }

// privacyAt is an address of the desk, about an email where there is one.
func (c *call) privacyAt(more, address string) string {
	return c.with(c.storeAt("/privacy"+more), "email", address)
}

// asksFor is the email of the address of the page.
func (c *call) asksFor() string { return short(clean(c.R.URL.Query().Get("email")), 255) }

func (c *call) privacyPage() error {
	p := &privacyView{Action: c.storeAt("/privacy"), Email: c.asksFor(), Swap: "requests"}
	p.Title, p.Lead = c.look.Text("privacy.title"), c.look.Text("privacy.lead")
	p.Actions = []Action{{Label: c.look.Text("privacy.request.new"), URL: c.privacyAt("/requests/new", p.Email), Primary: true}}
	status := http.StatusOK
	if p.Email != "" {
		var err error
		if status, err = c.findPerson(p); err != nil {
			return err
		}
	}
	if err := c.personRequests(p); err != nil {
		return err
	}
	return c.show(status, p)
}

// findPerson shows what is kept of the person whom the address names.
func (c *call) findPerson(p *privacyView) (status int, err error) {
	counts, err := c.Persons.Preview(c.R.Context(), c.store.ID, p.Email)
	switch e := fault.As(err); {
	case e != nil && e.Kind == fault.NotFound:
		p.Message = &Message{Kind: "info", Text: c.look.Text("privacy.nobody", p.Email), Link: &html.Link{Label: c.look.Text("privacy.standing"), URL: c.with(c.storeAt("/unsubscribed"), "q", p.Email)}}
		return http.StatusOK, nil
	case e != nil && e.Kind == fault.Invalid:
		p.Message = &Message{Kind: "error", Text: c.look.Text("wrong.email")}
		return http.StatusUnprocessableEntity, nil
	case err != nil:
		return 0, err
	}
	kept := &Block{ID: "kept", Title: c.look.Text("privacy.kept", p.Email), Text: c.look.Text("privacy.kept.text"), Table: c.keptTable("kept-table", counts)}
	kept.Actions = []Action{{Label: c.look.Text("privacy.download"), URL: c.privacyAt("/download", p.Email), Dialog: true}, {Label: c.look.Text("privacy.erase"), URL: c.privacyAt("/erase", p.Email), Danger: true}}
	p.Found = []*Block{kept}
	who, err := c.customerBlock(p.Email)
	if err != nil {
		return 0, err
	}
	if c.mayOpen(ofStore + "/consents") {
		who.More = &html.Link{Label: c.look.Text("consents.title"), URL: c.with(c.storeAt("/consents"), "q", p.Email)}
	}
	p.Found = append(p.Found, who)
	return http.StatusOK, nil
}

// keptTable tells what tables hold of a person, what becomes of it and why.
func (c *call) keptTable(id string, counts []persons.Count) *Table {
	t := &Table{ID: id, Caption: c.look.Text("privacy.tables"), Columns: []Column{{Label: c.look.Text("privacy.table")}, {Label: c.look.Text("privacy.rows"), Numeric: true}, {Label: c.look.Text("privacy.becomes")}}}
	for _, n := range counts {
		if n.Rows == 0 {
			continue
		}
		kind := map[persons.Becoming]string{persons.Deleted: "danger", persons.Scrubbed: "warning", persons.Stays: "neutral"}[n.Becomes]
		becomes := Cell{Lozenges: []Lozenge{{kind, c.known("customer.erase.becomes.", string(n.Becomes))}}}
		if key := "privacy.why." + n.Table; n.Becomes != persons.Deleted && c.look.Has(key) {
			becomes.Sub = c.look.Text(key)
		}
		t.Rows = append(t.Rows, Row{ID: id + "-" + n.Table, Cells: []Cell{{Text: c.known("customer.kept.", n.Table)}, {Text: c.look.number(n.Rows)}, becomes}})
	}
	return t
}

// personRequests lists what persons have asked for.
func (c *call) personRequests(p *privacyView) error {
	q := c.R.URL.Query()
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	all := q.Get("requests") == "all"
	in := persons.RequestsAsked{Open: !all, Before: number(q.Get("before")), After: number(q.Get("after")), Limit: c.size()}
	if due, id, ok := strings.Cut(q.Get("last"), "."); ok {
		in.Last = &persons.Request{Due: number(due), ID: number(id)}
	}
	found, err := c.Persons.Requests(c.R.Context(), c.store.ID, in)
	if err != nil {
		return err
	}
	at := func(more ...string) string { return c.with(c.storeAt("/privacy"), append(more, "email", p.Email)...) }
	p.Groups = []ChipGroup{{Label: c.look.Text("privacy.requests"), Chips: []Chip{
		{Label: c.look.Text("privacy.open"), URL: at(), Chosen: !all}, {Label: c.look.Text("all"), URL: at("requests", "all"), Chosen: all},
	}}}
	n := len(found.Requests)
	if n == 0 {
		p.Empty = &Empty{Icon: "check", Title: c.look.Text("privacy.none.title"), Text: c.look.Text("privacy.none.text")}
		return nil
	}
	now := c.visits.System.Now()
	p.Table = &Table{ID: "list", Caption: c.look.Text("privacy.requests"), Columns: []Column{
		{Label: c.look.Text("privacy.who")}, {Label: c.look.Text("privacy.what")}, {Label: c.look.Text("privacy.state")}, {Label: c.look.Text("privacy.received")}, {Label: c.look.Text("privacy.due")}, {Label: c.look.Text("actions"), Hidden: true},
	}}
	for i := range found.Requests {
		r := &found.Requests[i]
		who := Cell{Text: r.Email, Sub: r.Note}
		if r.Email != "" {
			who.URL = c.privacyAt("", r.Email)
		} else {
			who.Text = c.look.Text("privacy.erased")
		}
		if r.By.Name != "" {
			who.Sub = strings.Trim(who.Sub+" · "+c.look.Text("privacy.by", r.By.Name), " ·")
		}
		due := Cell{Text: c.date(r.Due)}
		row := Row{ID: "request-" + strconv.FormatInt(r.ID, 10), Cells: []Cell{who, {Text: c.look.Text("privacy.kind." + string(r.Kind))}, {Lozenges: []Lozenge{c.requestState(r, now)}}, {Text: c.date(r.Received)}, due, {}}}
		if r.ErasureID != 0 {
			row.Cells[5].Actions = []Action{{Label: c.look.Text("erasure.certificate"), URL: c.privacyAt("/erasures/"+strconv.FormatInt(r.ErasureID, 10), "")}}
		} else if r.Done == 0 {
			do := Action{Label: c.look.Text("privacy.do." + string(r.Kind)), URL: c.privacyAt(map[persons.RequestKind]string{persons.ForExport: "/download", persons.ForErasure: "/erase"}[r.Kind], r.Email), Dialog: r.Kind == persons.ForExport}
			row.Cells[5].Actions = []Action{do, {Label: c.look.Text("privacy.decline"), URL: c.privacyAt("/requests/"+strconv.FormatInt(r.ID, 10)+"/decline", ""), Dialog: true}}
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	p.Pages = c.turns("", "", "requests")
	first, last := &found.Requests[0], &found.Requests[n-1]
	id := func(r *persons.Request) string { return strconv.FormatInt(r.ID, 10) }
	if found.Newer {
		p.Pages.First = at()
		if all {
			p.Pages.First, p.Pages.Prev = at("requests", "all"), at("requests", "all", "after", id(first))
		}
	}
	if found.Older {
		p.Pages.Next = at("last", strconv.FormatInt(last.Due, 10)+"."+id(last))
		if all {
			p.Pages.Next = at("requests", "all", "before", id(last))
		}
	}
	return nil
}

// date is a day where the reader is.
func (c *call) date(unix int64) string {
	return time.Unix(unix, 0).In(c.zone()).Format(c.look.Text("date.day"))
}

// requestState tells how a request stands.
func (c *call) requestState(r *persons.Request, now int64) Lozenge {
	switch r.Stage(now) {
	case persons.RequestDeclined:
		return Lozenge{"neutral", c.look.Text("privacy.state.declined")}
	case persons.RequestDone:
		return Lozenge{"success", c.look.Text("privacy.state.done")}
	case persons.RequestLate:
		return Lozenge{"danger", c.look.Text("privacy.state.late")}
	case persons.RequestRunning:
		return Lozenge{"warning", c.look.Text("erasure.running")}
	}
	days := int((r.Due - now + daySeconds - 1) / daySeconds)
	kind := "info"
	if days <= dueSoonDays {
		kind = "warning"
	}
	return Lozenge{kind, c.look.Plural("privacy.state.days", days)}
}

// dueSoonDays is from when on a request needs attention.
const dueSoonDays = 7

// duePersons tells of requests that are due soon, or overdue.
func (c *call) duePersons() (out []Attention, err error) {
	due, late, err := c.Persons.RequestsDue(c.R.Context(), c.store.ID, c.visits.System.Now()+dueSoonDays*daySeconds)
	if err != nil || due == 0 {
		return nil, err
	}
	more := &html.Link{Label: c.look.Text("attention.show"), URL: c.storeAt("/privacy")}
	if late > 0 {
		out = append(out, Attention{Text: c.look.Plural("attention.persons_late", int(late)), More: more})
	}
	if due > late {
		out = append(out, Attention{Text: c.look.Plural("attention.persons_due", int(due-late)), More: more})
	}
	return out, nil
}

// belowPrivacy leads back to the desk.
func (c *call) belowPrivacy(address string) []html.Link {
	return []html.Link{{Label: c.look.Text("privacy.title"), URL: c.privacyAt("", address)}}
}

func (c *call) requestForm() *formPage {
	address := c.emailField("off")
	address.Value = c.asksFor()
	kind := &html.Field{Name: "kind", Label: c.look.Text("privacy.what"), Type: "radio", Required: true}
	for i, k := range persons.RequestKinds {
		kind.Options = append(kind.Options, html.Option{Value: string(k), Label: c.look.Text("privacy.kind." + string(k)), Selected: i == 0})
	}
	received := &html.Field{Name: "date_received", Label: c.look.Text("privacy.received"), Hint: c.look.Text("privacy.received.hint", strconv.Itoa(persons.RequestDays)), Type: "date", Required: true, Narrow: true,
		Value: time.Unix(c.visits.System.Now(), 0).In(c.zone()).Format(time.DateOnly)}
	note := &html.Field{Name: "note", Label: c.look.Text("privacy.note"), Hint: c.look.Text("privacy.note.hint"), Type: "text", MaxLength: 1000, Autocomplete: "off"}
	p := &formPage{Intro: c.look.Text("privacy.request.intro")}
	p.Title, p.Crumbs = c.look.Text("privacy.request.new"), c.belowPrivacy(c.asksFor())
	p.Form = c.newForm(c.storeAt("/privacy/requests/new"), "privacy.request.submit", address, kind, received, note)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/privacy")}
	return p
}

func (c *call) newRequestPage() error { return c.show(http.StatusOK, c.requestForm()) }

func (c *call) addRequest() error {
	p := c.requestForm()
	f := p.Form
	ok := c.filled(f)
	first, _, good := c.day(c.value("date_received"))
	if x := f.Field("date_received"); !good && x.Error == "" {
		x.Error = c.look.Text("wrong.value")
	}
	if !ok || f.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	now := c.visits.System.Now()
	if c.date(first) == c.date(now) {
		first = now
	}
	r, err := c.Persons.Receive(c.R.Context(), c.store.ID, persons.Receive{Kind: persons.RequestKind(c.value("kind")), Email: c.value("email"), Note: c.value("note"), Received: first})
	if err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.privacyAt("", r.Email), "person_request", c.date(r.Due))
}

// declineForm closes the request of the address.
func (c *call) declineForm() (*questionPage, *persons.Request, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, nil, err
	}
	r, err := c.Persons.Request(c.R.Context(), c.store.ID, id)
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("privacy.decline_q", c.storeAt("/privacy/requests/"+strconv.FormatInt(id, 10)+"/decline"), false, c.storeAt("/privacy"), r.Email)
	p.Crumbs = c.belowPrivacy("")
	note := c.textField("note", "privacy.decline.note")
	note.Hint, note.MaxLength, note.Autocomplete = c.look.Text("privacy.decline.hint"), 1000, "off"
	p.Dialog.Form.Sections[0].Fields = []*html.Field{note}
	return p, r, nil
}

func (c *call) declinePage() error {
	p, _, err := c.declineForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) declineRequest() error {
	p, r, err := c.declineForm()
	if err != nil {
		return err
	}
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err := c.Persons.Decline(c.R.Context(), c.store.ID, r.ID, c.value("note")); err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.storeAt("/privacy"), "person_declined")
}

// personData offers what is kept of the person whom the address names.
func (c *call) personData() *questionPage {
	address := c.asksFor()
	p := c.ask("customer.data", c.privacyAt("/download", address), false, c.privacyAt("", address), address, address)
	p.Crumbs = c.belowPrivacy(address)
	return p
}

func (c *call) personDataPage() error { return c.show(http.StatusOK, c.personData()) }

func (c *call) downloadPerson() error {
	archive, err := c.Persons.Export(c.R.Context(), c.store, persons.Ask{Email: c.asksFor()})
	if err != nil {
		p := c.personData()
		if isNotFound(err) {
			p.Dialog.Form.Problem = c.look.Text("privacy.nobody", c.asksFor())
			return c.show(http.StatusNotFound, p)
		}
		return c.again(p, p.Dialog.Form, err)
	}
	return c.sendArchive(archive)
}

// sendArchive answers with what is kept of a person.
func (c *call) sendArchive(archive *persons.Archive) error {
	h := c.W.Header()
	html.Secure(h, c.referrer())
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="`+strings.Map(plainName, archive.Name())+`"`)
	// The answer has begun: what fails cuts it off.
	if err := archive.Write(c.R.Context(), c.W); err != nil {
		c.exchange.Judge(err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// erasePersonForm shows what would be erased, and asks for the address once more.
func (c *call) erasePersonForm() (*questionPage, error) {
	address := c.asksFor()
	counts, err := c.Persons.Preview(c.R.Context(), c.store.ID, address)
	if err != nil {
		return nil, err
	}
	p := c.ask("customer.erase", c.privacyAt("/erase", address), true, c.privacyAt("", address), address, address)
	p.Crumbs = c.belowPrivacy(address)
	p.Dialog.Table = c.keptTable("erase-table", counts)
	p.Dialog.Form.Sections[0].Fields = []*html.Field{{Name: "email", Label: c.look.Text("customer.erase.confirm"), Type: "text", Required: true, MaxLength: 255, Autocomplete: "off"},
		{Name: "reason", Label: c.look.Text("privacy.reason"), Hint: c.look.Text("privacy.reason.hint"), Type: "text", MaxLength: 1000, Autocomplete: "off"}}
	return p, nil
}

func (c *call) erasePersonPage() error {
	p, err := c.erasePersonForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) erasePerson() error {
	p, err := c.erasePersonForm()
	if err != nil {
		return err
	}
	f, address := p.Dialog.Form, c.asksFor()
	if ok := c.filled(f); ok && !email.Same(c.value("email"), address) {
		f.Field("email").Error = c.look.Text("wrong.other_email")
	}
	if f.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	e, err := c.Persons.Erase(c.R.Context(), c.store.ID, persons.Ask{Email: address, Reason: c.value("reason")})
	if err != nil {
		return c.again(p, f, err)
	}
	return c.redirect(c.privacyAt("/erasures/"+strconv.FormatInt(e.ID, 10), ""))
}

// oneErasure returns the erasure of the address.
func (c *call) oneErasure() (*persons.Erasure, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	return c.Persons.Erasure(c.R.Context(), c.store.ID, id)
}

// erasurePage tells how far an erasure has come, and is its certificate to be
// printed.
func (c *call) erasurePage() error {
	e, err := c.oneErasure()
	if err != nil {
		return err
	}
	p := &recordView{}
	p.Title = c.look.Text("erasure.title", strconv.FormatInt(e.ID, 10))
	p.Crumbs = c.belowPrivacy("")
	p.Lozenges = []Lozenge{{"warning", c.look.Text("erasure.running")}}
	if e.Done != 0 {
		p.Lozenges = []Lozenge{{"success", c.look.Text("erasure.done")}}
	} else {
		p.Message = &Message{Kind: "info", Text: c.look.Text("erasure.running.text"), Link: &html.Link{Label: c.look.Text("erasure.look"), URL: c.R.URL.RequestURI()}}
	}
	p.Facts = []Fact{{Label: c.look.Text("proof.store"), Value: c.store.Name + " (" + c.store.Hash + ")"}, {Label: c.look.Text("erasure.requested"), Value: c.look.Date(e.Requested, c.zone())}, {Label: c.look.Text("erasure.finished"), Value: c.look.Text("erasure.waits")}}
	if e.Done != 0 {
		p.Facts[2].Value = c.look.Date(e.Done, c.zone())
	}
	if e.By.Name != "" {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("erasure.by"), Value: e.By.Name})
	}
	b := &Block{ID: "counts", Title: c.look.Text("erasure.counts"), Nothing: c.look.Text("nothing")}
	if len(e.Counts) > 0 {
		b.Table = c.keptTable("erased-table", e.Counts)
		b.Table.Columns[2].Label = c.look.Text("privacy.became")
	}
	p.Left = append(p.Left, b)
	if e.Certificate != "" {
		p.Actions = []Action{{Label: c.look.Text("print"), Print: true}, {Label: c.look.Text("erasure.json"), URL: c.privacyAt("/erasures/"+strconv.FormatInt(e.ID, 10)+"/certificate.json", "")}}
		p.Right = append(p.Right, &Block{ID: "certificate", Title: c.look.Text("erasure.certificate"), Text: c.look.Text("erasure.certificate.text"),
			Facts: []Fact{{Label: c.look.Text("erasure.hash"), Value: e.AddressHash}, {Label: c.look.Text("erasure.signature"), Value: e.Signature}, {Label: c.look.Text("erasure.key"), Value: e.KeyID}}})
	}
	return c.show(http.StatusOK, p)
}

// certificateJSON is the certificate of an erasure as it was signed, with what it is
// checked by.
func (c *call) certificateJSON() error {
	e, err := c.oneErasure()
	if err != nil {
		return err
	}
	if e.Certificate == "" {
		return errNoPage
	}
	keys, err := c.Keys.PublicKeys(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	out := map[string]string{"certificate": e.Certificate, "purpose": persons.Purpose, "signature": e.Signature, "key_id": e.KeyID}
	for _, k := range keys {
		if k.ID == e.KeyID {
			out["public_key"] = k.Text()
		}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	c.attach("application/json", "erasure-"+c.store.Hash+"-"+strconv.FormatInt(e.ID, 10)+".json", text)
	return nil
}
