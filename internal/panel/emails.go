package panel

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/html"
	"clientele/internal/mail"
)

// emailView is the page of an email.
type emailView struct {
	frame
	Lozenges []Lozenge
	Facts    []Fact
	Message  *Message
	Note     string
	Body     string // the address of what is shown in a frame; empty: there is nothing
	Plain    string
}

func (*emailView) template() string { return "email" }
func (*emailView) frames() bool     { return true }

// emailAt is where an email is.
func (c *call) emailAt(id int64, more string) string {
	return c.storeAt("/emails/" + strconv.FormatInt(id, 10) + more)
}

func (c *call) emailsPage() error {
	q := c.R.URL.Query()
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	kinds := mail.Kinds()
	f := mail.Filter{To: short(clean(q.Get("q")), 255), Limit: c.size() + 1}
	if slices.Contains(kinds, mail.Kind(q.Get("kind"))) {
		f.Kind = mail.Kind(q.Get("kind"))
	}
	if slices.Contains(mail.AllStatuses, q.Get("state")) {
		f.Status = q.Get("state")
	}
	if f.After = number("after"); f.After != 0 {
		f.Up = true
	} else {
		f.Before = number("before")
	}
	found, err := c.Mail.Headers(c.R.Context(), c.store.ID, f)
	if err != nil {
		return err
	}
	more := len(found) > c.size()
	if more && f.Up {
		found = found[1:]
	} else if more {
		found = found[:c.size()]
	}
	older, newer := more || f.Up, f.Before != 0
	if f.Up {
		newer = more
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("emails.title"), c.look.Text("emails.lead")
	p.Filters = &Filters{Action: c.storeAt("/emails"), Label: c.look.Text("emails.search"), Query: f.To, Swap: "results", Count: c.look.Plural("emails.count", len(found))}
	if older || newer {
		p.Filters.Count = c.look.Text("emails.some")
	}
	if f.Status != "" {
		p.Filters.Hidden = []html.Option{{Label: "state", Value: f.Status}}
	}
	kind := &html.Field{Name: "kind", Label: c.look.Text("emails.kind"), Type: "select", Options: []html.Option{{Label: c.look.Text("all")}}}
	for _, k := range kinds {
		kind.Options = append(kind.Options, html.Option{Value: string(k), Label: c.known("email.kind.", string(k)), Selected: k == f.Kind})
	}
	p.Filters.Fields = []*html.Field{kind}
	parts := []string{"q", "kind", "state", "limit"}
	states := ChipGroup{Label: c.look.Text("emails.state"), Chips: []Chip{{Label: c.look.Text("all"), URL: c.listed(c.storeAt("/emails"), parts, "state", ""), Chosen: f.Status == ""}}}
	for _, s := range mail.AllStatuses {
		states.Chips = append(states.Chips, Chip{Label: c.known("email.status.", s), URL: c.listed(c.storeAt("/emails"), parts, "state", s), Chosen: s == f.Status})
	}
	p.Filters.Groups = []ChipGroup{states}
	if !c.Mail.HasServer() {
		p.Note = &Message{Kind: "warning", Text: c.look.Text("attention.no_server")}
	}
	n := len(found)
	if n == 0 {
		p.Empty = &Empty{Icon: "mail", Title: c.look.Text("emails.none.title"), Text: c.look.Text("emails.none.text")}
		if f.To != "" || f.Kind != "" || f.Status != "" {
			p.Empty = &Empty{Icon: "search", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/emails")}}
		}
		return c.show(http.StatusOK, p)
	}
	cursor := func(id int64, some bool) string {
		if !some {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	up, down := cursor(found[0].ID, newer), cursor(found[n-1].ID, older)
	p.Pages = c.turns(up, down, "results")
	c.byTime(p.Pages, "/emails", up, down)
	p.Table = &Table{ID: "list", Caption: c.look.Text("emails.title"), Columns: []Column{
		{Label: c.look.Text("emails.kind")}, {Label: c.look.Text("emails.to")}, {Label: c.look.Text("emails.state")}, {Label: c.look.Text("history.when")},
	}}
	for i := range found {
		m := &found[i]
		state := Cell{Lozenges: []Lozenge{c.emailState(m)}}
		if m.Error != "" {
			state.Sub = c.mailError(m.Error)
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "email-" + strconv.FormatInt(m.ID, 10), Cells: []Cell{
			{Text: c.known("email.kind.", string(m.Kind)), Sub: m.Subject, URL: c.emailAt(m.ID, "")}, {Text: cmp.Or(m.To, c.look.Text("emails.merchant")), Sub: m.ToName}, state, {When: c.when(m.Created)},
		}})
	}
	return c.show(http.StatusOK, p)
}

func (c *call) emailState(m *mail.Stored) Lozenge {
	kind := map[string]string{mail.Sent: "success", mail.Failed: "danger", mail.Queued: "info", mail.Expired: "warning"}[m.Status]
	return Lozenge{cmp.Or(kind, "neutral"), c.known("email.status.", m.Status)}
}

// mailTroubles are signs in what went wrong with an email, by the texts that say it
// in words, below "email.error.". The first one counts.
var mailTroubles = []struct {
	key  string
	sign *regexp.Regexp
}{
	{"no_sender", regexp.MustCompile(`there is no sender`)},
	{"merchant", regexp.MustCompile(`messages to the merchant need`)},
	{"gone", regexp.MustCompile(`the customer has been deleted`)},
	{"off", regexp.MustCompile(`are switched off`)},
	{"late", regexp.MustCompile(`could not be sent in time`)},
	{"template", regexp.MustCompile(`^template: `)},
	{"address", regexp.MustCompile(`none that can be sent to|SMTPUTF8`)},
	{"tls", regexp.MustCompile(`(?i)x509|certificate|tls:|starttls`)},
	{"sign_in", regexp.MustCompile(`(?i)\b(530|534|535)\b|authenticat|auth `)},
	{"full", regexp.MustCompile(`(?i)\b(452|552)\b|quota|mailbox full`)},
	{"unwanted", regexp.MustCompile(`\b554\b|\b5\.7\.\d`)},
	{"mailbox", regexp.MustCompile(`\b(550|551|553|556)\b|\b5\.1\.\d`)},
	{"later", regexp.MustCompile(`\b4\d\d\b|\b4\.\d\.\d`)},
	{"unreachable", regexp.MustCompile(`(?i)dial |no such host|refused|timeout|deadline|unreachable|reset by peer|\bEOF\b`)},
}

// mailError says in words why an email was not sent.
func (c *call) mailError(reason string) string {
	for _, t := range mailTroubles {
		if t.sign.MatchString(reason) {
			return c.look.Text("email.error." + t.key)
		}
	}
	return c.look.Text("email.error.other")
}

// oneEmail returns the email of the address.
func (c *call) oneEmail() (*mail.Stored, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	m, err := c.Mail.Shown(c.R.Context(), c.store.ID, id)
	if err == nil && m == nil {
		err = errNoPage
	}
	return m, err
}

func (c *call) emailPage() error {
	m, err := c.oneEmail()
	if err != nil {
		return err
	}
	p := &emailView{Lozenges: []Lozenge{c.emailState(m)}, Plain: m.Text}
	kind := c.known("email.kind.", string(m.Kind))
	p.Title, p.Lead = cmp.Or(m.Subject, kind), kind
	p.Crumbs = []html.Link{{Label: c.look.Text("emails.title"), URL: c.storeAt("/emails")}}
	to := cmp.Or(m.To, c.look.Text("emails.merchant"))
	if m.ToName != "" {
		to = m.ToName + " <" + to + ">"
	}
	p.Facts = []Fact{{Label: c.look.Text("emails.to"), Value: to}, {Label: c.look.Text("emails.made"), When: c.when(m.Created)}, {Label: c.look.Text("emails.done"), When: c.when(m.Done), Value: c.look.Text("erasure.waits")}}
	if m.Error != "" {
		p.Message = &Message{Kind: "warning", Title: c.mailError(m.Error), Items: []string{c.look.Text("emails.said", m.Error)}}
	}
	if m.HTML != "" {
		p.Body, p.Note = c.emailAt(m.ID, "/body"), c.look.Text("emails.blanked")
	} else if m.Text == "" {
		p.Note = c.look.Text("emails.gone")
	}
	switch m.Again(c.visits.System.Now()) {
	case mail.TryAgain, mail.AgainAsNew:
		p.Actions = []Action{{Label: c.look.Text("emails.again"), URL: c.emailAt(m.ID, "/again"), Dialog: true}}
	default:
		if m.Status == mail.Sent {
			p.Note = strings.TrimSpace(p.Note + " " + c.look.Text("emails.once"))
		}
	}
	if m.CustomerID != 0 {
		p.More = append(p.More, Action{Label: c.look.Text("subscriber.customer"), URL: c.customerAt(m.CustomerID, "")})
	}
	if c.mayOpen(ofStore + "/texts") {
		p.More = append(p.More, Action{Label: c.look.Text("emails.text"), URL: c.storeAt("/texts/" + string(m.Kind))})
	}
	return c.show(http.StatusOK, p)
}

// framed is the policy of an email in a frame of a page: no script, nothing from
// elsewhere, and links that lead nowhere.
const framed = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

// sendFramed answers with an email for a frame.
func (c *call) sendFramed(body string) {
	h := c.W.Header()
	html.Secure(h, c.referrer())
	h.Set("Content-Security-Policy", framed)
	h.Set("Content-Type", "text/html; charset=utf-8")
	c.W.WriteHeader(http.StatusOK)
	if c.R.Method != http.MethodHead {
		_, _ = c.W.Write(harmless([]byte(body))) // a client that hung up is of no interest here
	}
}

func (c *call) emailBody() error {
	m, err := c.oneEmail()
	if err != nil {
		return err
	}
	c.sendFramed(m.HTML)
	return nil
}

// againForm asks whether an email is to be sent once more.
func (c *call) againForm() (*questionPage, *mail.Stored, error) {
	m, err := c.oneEmail()
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("emails.again_q", c.emailAt(m.ID, "/again"), false, c.emailAt(m.ID, ""), cmp.Or(m.To, c.look.Text("emails.merchant")))
	p.Crumbs = []html.Link{{Label: c.look.Text("emails.title"), URL: c.storeAt("/emails")}, {Label: cmp.Or(m.Subject, c.known("email.kind.", string(m.Kind))), URL: c.emailAt(m.ID, "")}}
	return p, m, nil
}

func (c *call) againPage() error {
	p, _, err := c.againForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) sendEmailAgain() error {
	p, m, err := c.againForm()
	if err != nil {
		return err
	}
	id, err := c.Mail.SendAgain(c.R.Context(), c.store.ID, m.ID)
	if err != nil {
		return c.again(p, p.Dialog.Form, err)
	}
	return c.done(c.emailAt(id, ""), "email_again", cmp.Or(m.To, c.look.Text("emails.merchant")))
}
