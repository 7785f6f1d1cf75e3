package mail_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/locale"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// world is a database with two stores and a clock to turn.
type world struct {
	t           *testing.T
	db          *sqldb.DB
	sys         *system.System
	now         atomic.Int64
	mine, other int64
}

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &world{t: t, db: db, sys: system.Real()}
		w.now.Store(1_750_000_000)
		w.sys.Clock = func() time.Time { return time.Unix(w.now.Load(), 0) }
		for _, s := range []struct {
			id         *int64
			hash, name string
		}{{&w.mine, "mine", "Zoë & Söhne"}, {&w.other, "other", "Other"}} {
			st, err := store.NewService(db, w.sys).Create(t.Context(), s.hash, s.name, "https://"+s.hash+".example.com/shop")
			if err != nil {
				t.Fatal(err)
			}
			*s.id = st.ID
			w.settings(st.ID, store.Settings{OrderEmail: "orders@" + s.hash + ".example.com"})
		}
		fn(w)
	})
}

func (w *world) settings(storeID int64, s store.Settings) {
	w.t.Helper()
	w.write(storeID, func(tx *sqldb.Tx) error { return store.PutSettings(tx, s) })
}

func (w *world) write(storeID int64, fn func(tx *sqldb.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), storeID, fn); err != nil {
		w.t.Fatal(err)
	}
}

// sender keeps letters, or fails with what it is told to.
type sender struct {
	mu      sync.Mutex
	letters []mail.Letter
	errs    []error
}

func (s *sender) Send(_ context.Context, l *mail.Letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		if err != nil {
			return err
		}
	}
	s.letters = append(s.letters, *l)
	return nil
}

// start returns a service with its runner.
func (w *world) start(o mail.Options) (*mail.Service, *jobs.Runner) {
	svc := mail.NewService(w.db, w.sys, o)
	r := jobs.NewRunner(w.db, w.sys, jobs.Options{})
	svc.Register(r)
	return svc, r
}

func (w *world) queue(svc *mail.Service, storeID int64, m mail.Message) {
	w.t.Helper()
	w.write(storeID, func(tx *sqldb.Tx) error { return svc.Queue(tx, m) })
}

func (w *world) due(r *jobs.Runner, want int) {
	w.t.Helper()
	if n, err := r.RunDue(w.t.Context()); n != want || err != nil {
		w.t.Errorf("%d attempts, want %d: %v", n, want, err)
	}
}

// stored returns a store's messages as "id status subject error data".
func (w *world) stored(svc *mail.Service, storeID int64) string {
	w.t.Helper()
	all, err := svc.Messages(w.t.Context(), storeID, mail.Filter{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, m := range all {
		data := "-"
		if err := w.db.Read(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT id FROM emails WHERE store_id = $1 AND id = $2 AND data <> ''`), func(*sqldb.Row) error { data = "data"; return nil }, m.ID)
		}); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s %q %q %s", m.ID, m.Status, m.Subject, m.Error, data))
	}
	return strings.Join(out, "; ")
}

func (w *world) want(svc *mail.Service, storeID int64, want string) {
	w.t.Helper()
	if got := w.stored(svc, storeID); got != want {
		w.t.Errorf("stored are %s\nwant %s", got, want)
	}
}

func link(kind mail.Kind) mail.Message {
	return mail.Message{Kind: kind, To: "jane@example.com", ToName: "Jane Doe", Data: mail.Data{"link": "https://mine.example.com/x?token=s3cret&y=1", "minutes": "15"}}
}

func TestSends(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		m := link(mail.SignInLink)
		m.UnsubscribeURL = "https://mine.example.com/unsubscribe"
		w.queue(svc, w.mine, m)
		w.want(svc, w.mine, `1 queued "" "" data`)
		w.due(r, 1)
		w.want(svc, w.mine, `1 sent "" "" data`)
		// What it was made of is known, but for what opens something.
		if m, err := svc.Shown(t.Context(), w.mine, 1); err != nil || !strings.Contains(m.Text, "https://mine.example.com/x?token=…&y=…") || strings.Contains(m.Text+m.HTML, "s3cret") || m.Again(w.sys.Now()) != mail.NotAgain {
			t.Errorf("shown is %+v, %v", m, err)
		}
		w.want(svc, w.other, ``)
		w.due(r, 0)
		l := out.letters[0]
		if l.Subject != "Zoë & Söhne - Log in to your account" || l.From.Name != "Zoë & Söhne" || l.From.Address != "orders@mine.example.com" || l.To.String() != `"Jane Doe" <jane@example.com>` || l.ReplyTo != "" ||
			!l.Date.Equal(w.sys.Clock()) || !strings.HasSuffix(l.MessageID, "@mine.example.com") || l.Unsubscribe == "" {
			w.t.Errorf("%+v", l)
		}
		for _, want := range []string{"Hello Jane Doe,", "https://mine.example.com/x?token=s3cret&y=1", "works for 15 minutes", "Zoë & Söhne - https://mine.example.com", "Unsubscribe: https://mine.example.com/unsubscribe"} {
			if !strings.Contains(l.Text, want) {
				w.t.Errorf("the text is without %q:\n%s", want, l.Text)
			}
		}
		for _, want := range []string{`<html lang="en">`, "Zoë &amp; Söhne", `href="https://mine.example.com/x?token=s3cret&amp;y=1"`, "background-color: #1f4e79"} {
			if !strings.Contains(l.HTML, want) {
				w.t.Errorf("the HTML is without %q:\n%s", want, l.HTML)
			}
		}
		// The configured sender is the same for all stores.
		svc, r = w.start(mail.Options{Sender: out, From: "Platform <noreply@platform.example>"})
		w.queue(svc, w.other, link(mail.PasswordReset))
		w.due(r, 1)
		if l := out.letters[1]; l.From.String() != `"Other" <noreply@platform.example>` || l.ReplyTo != "orders@other.example.com" {
			w.t.Errorf("%+v", l)
		}
	})
}

func TestRetriesAndGivesUp(t *testing.T) {
	each(t, func(w *world) {
		later, never := &mail.SendError{Code: 451, Stage: "x", Err: errors.New("451 later")}, &mail.SendError{Permanent: true, Code: 550, Stage: "x", Err: errors.New("550 no jane@example.com")}
		out := &sender{errs: []error{later, later, nil, never}}
		svc, r := w.start(mail.Options{Sender: out})
		w.queue(svc, w.mine, link(mail.PasswordReset))
		w.due(r, 1)
		w.want(svc, w.mine, `1 queued "" "451 later" data`)
		w.due(r, 0)
		w.now.Add(60)
		w.due(r, 1)
		w.now.Add(299)
		w.due(r, 0)
		w.now.Add(1)
		w.due(r, 1)
		w.want(svc, w.mine, `1 sent "" "" data`)
		w.queue(svc, w.mine, link(mail.PasswordReset))
		w.due(r, 1)
		w.now.Add(86400)
		w.due(r, 0)
		w.want(svc, w.mine, `2 failed "" "550 no jane@example.com" data; 1 sent "" "" data`)
		// By hand it can be tried again, by its own store only.
		if err := svc.Retry(w.t.Context(), w.other, 2); fault.As(err) == nil {
			w.t.Error(err)
		}
		if err := svc.Retry(w.t.Context(), w.mine, 2); err != nil {
			w.t.Error(err)
		}
		w.due(r, 1)
		if err := svc.Retry(w.t.Context(), w.mine, 2); fault.As(err) == nil {
			w.t.Error("one that was sent is sent again")
		}
		if len(out.letters) != 2 || out.letters[0].MessageID == out.letters[1].MessageID {
			w.t.Errorf("%d letters", len(out.letters))
		}
		// After the last attempt.
		for range 20 {
			out.errs = append(out.errs, later)
		}
		w.queue(svc, w.mine, mail.Message{Kind: mail.AccountCreated, To: "a@b.example"})
		attempts := 0
		for range 48 {
			n, err := r.RunDue(w.t.Context())
			if err != nil {
				w.t.Fatal(err)
			}
			attempts += n
			w.now.Add(1800)
		}
		w.want(svc, w.mine, `3 failed "" "451 later" data; 2 sent "" "" data; 1 sent "" "" data`)
		if attempts != 8 {
			w.t.Errorf("%d attempts", attempts)
		}
	})
}

// Nothing is lost while there is no way to send, but old news is not sent.
func TestWaitsForASender(t *testing.T) {
	each(t, func(w *world) {
		svc, r := w.start(mail.Options{})
		w.queue(svc, w.mine, link(mail.PasswordReset))
		m := link(mail.SignInLink)
		m.Expires = w.now.Load() + 1200 // the very second of the last look
		w.queue(svc, w.mine, m)
		w.due(r, 2)
		w.now.Add(600)
		w.due(r, 2)
		w.want(svc, w.mine, `2 queued "" "" data; 1 queued "" "" data`)
		w.now.Add(600)
		out := &sender{}
		svc, r = w.start(mail.Options{Sender: out})
		w.due(r, 2)
		if len(out.letters) != 1 || !strings.Contains(out.letters[0].Subject, "password") {
			w.t.Errorf("%+v", out.letters)
		}
		w.want(svc, w.mine, `2 expired "" "it could not be sent in time" -; 1 sent "" "" data`)
	})
}

func TestRollbackSendsNothing(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		no := errors.New("no")
		if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
			if err := svc.Queue(tx, link(mail.SignInLink)); err != nil {
				return err
			}
			return no
		}); !errors.Is(err, no) {
			w.t.Error(err)
		}
		w.due(r, 0)
		w.want(svc, w.mine, "")
	})
}

func TestKeepsForDevelopers(t *testing.T) {
	each(t, func(w *world) {
		svc, r := w.start(mail.Options{Keep: true, LinkTo: linkTo("http://127.0.0.1:8080")})
		w.queue(svc, w.mine, link(mail.ConfirmAccount))
		const subject = `"Zoë & Söhne - Please confirm your email address"`
		w.want(svc, w.mine, `1 queued `+subject+` "" data`) // before the job runs
		w.due(r, 1)
		w.want(svc, w.mine, `1 sent `+subject+` "" data`)
		w.queue(svc, w.mine, mail.Message{Kind: mail.WebhookBlocked, Data: mail.Data{"destination": "app.example.com"}})
		w.due(r, 1)
		found, err := svc.Messages(w.t.Context(), w.mine, mail.Filter{To: "JANE@example.com", Kind: mail.ConfirmAccount, Status: mail.Sent, Limit: 5})
		if err != nil || len(found) != 1 || !slices.Equal(found[0].Links(), []string{"https://mine.example.com/x?token=s3cret&y=1", "https://mine.example.com"}) {
			w.t.Fatalf("%+v, %v", found, err)
		}
		for _, f := range []mail.Filter{{To: "x@example.com", Limit: 5}, {Kind: mail.SignInLink, Limit: 5}, {After: 2, Limit: 5}} {
			if found, err := svc.Messages(w.t.Context(), w.mine, f); err != nil || len(found) != 0 {
				w.t.Errorf("%+v, %v", found, err)
			}
		}
		if found, err := svc.Messages(w.t.Context(), w.mine, mail.Filter{Limit: 1}); err != nil || len(found) != 1 || found[0].ID != 2 {
			w.t.Errorf("%+v, %v", found, err)
		}
		if m, err := svc.Email(w.t.Context(), w.other, 1); m != nil || err != nil {
			w.t.Errorf("%+v, %v", m, err)
		}
		if n, err := svc.Clear(w.t.Context(), w.other); n != 0 || err != nil {
			w.t.Error(n, err)
		}
		if n, err := svc.Clear(w.t.Context(), w.mine); n != 2 || err != nil {
			w.t.Error(n, err)
		}
	})
}

func TestMerchants(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		m := mail.Message{Kind: mail.WebhookDisabled, Data: mail.Data{"destination": "https://app.example.com/hook", "scope": "store/customer/*"}}
		w.queue(svc, w.mine, m)
		w.due(r, 1)
		if got := w.stored(svc, w.mine); !strings.Contains(got, "admin_email") || !strings.HasPrefix(got, "1 failed") {
			w.t.Error(got)
		}
		w.settings(w.mine, store.Settings{AdminEmail: "boss@mine.example.com"})
		w.queue(svc, w.mine, m)
		w.due(r, 1)
		if len(out.letters) != 1 || out.letters[0].To.Address != "boss@mine.example.com" || strings.Contains(out.letters[0].Text, "{reason}") || !strings.Contains(out.letters[0].Text, "store/customer/*") {
			w.t.Errorf("%+v", out.letters)
		}
		// Without any address of the store's there is nobody to send it.
		w.settings(w.mine, store.Settings{})
		w.queue(svc, w.mine, link(mail.SignInLink))
		w.due(r, 1)
		if got := w.stored(svc, w.mine); !strings.Contains(got, "--mail-from") {
			w.t.Error(got)
		}
	})
}

func TestRefusesWhatCannotBeSent(t *testing.T) {
	each(t, func(w *world) {
		svc, _ := w.start(mail.Options{})
		for name, change := range map[string]func(*mail.Message){
			"kind":        func(m *mail.Message) { m.Kind = "other" },
			"nobody":      func(m *mail.Message) { m.To = "" },
			"no link":     func(m *mail.Message) { m.Data = nil },
			"script":      func(m *mail.Message) { m.Data = mail.Data{"link": "javascript:alert(1)"} },
			"unsubscribe": func(m *mail.Message) { m.UnsubscribeURL = "https://x.example.com/\r\nX: y" },
			"site":        func(m *mail.Message) { m.Site.URL = "//x" },
		} {
			m := link(mail.SignInLink)
			change(&m)
			if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error { return svc.Queue(tx, m) }); err == nil {
				w.t.Errorf("%s is accepted", name)
			}
		}
	})
}

// What cannot be sent does not vanish: it is listed as failed, with the reason,
// whether emails are sent or kept.
func TestBadRecipientsFail(t *testing.T) {
	each(t, func(w *world) {
		for _, o := range []mail.Options{{Sender: &sender{}}, {Keep: true}} {
			svc, r := w.start(o)
			good := []string{"a@bücher.example", "jürgen@example.com", "a+b@localhost", "a..b@example.com"}
			bad := []string{
				"a@[127.0.0.1]x", `"a b"@example.com`, "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "a@exa mple.com", "A <a@example.com>",
				"a@example.com.", "a\u200b@example.com", "a@exam\u00adple.com",
			}
			for _, to := range slices.Concat(good, bad) {
				m := link(mail.SignInLink)
				m.To = to
				w.queue(svc, w.mine, m)
			}
			if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
				return svc.Queue(tx, mail.Message{Kind: mail.AccountCreated, Site: store.Site{StoreID: w.mine, ChannelID: 1}, To: "old@example.com."})
			}); err != nil {
				w.t.Fatal(err)
			}
			bad = append(bad, "old@example.com.")
			w.due(r, len(good)+len(bad))
			all, err := svc.Messages(w.t.Context(), w.mine, mail.Filter{Limit: 100})
			if err != nil {
				w.t.Fatal(err)
			}
			seen := map[string]string{}
			for _, m := range all {
				seen[m.To] = m.Status + " " + m.Error
			}
			for _, to := range good {
				if seen[to] != "sent " && to != "old@example.com." {
					w.t.Errorf("%+q is %s", to, seen[to])
				}
			}
			for _, to := range bad {
				if got := seen[to]; !strings.HasPrefix(got, "failed the recipient's address is none that can be sent to: ") && to != "old@example.com." {
					w.t.Errorf("%+q is %s", to, got)
				}
			}
			if _, err := svc.Clear(w.t.Context(), w.mine); err != nil {
				w.t.Fatal(err)
			}
		}
	})
}

func TestNamesDoNotBreakOut(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		if err := svc.Put(w.t.Context(), w.mine, mail.Template{Kind: mail.SignInLink, Subject: "For {{.Customer.Name}}\nX-Evil: 1", HTML: `<p title="{{.Customer.Name}}">{{.Customer.Name}}</p><a href="{{.Data.minutes}}">x</a>`}, mail.ByCommand); err != nil {
			w.t.Fatal(err)
		}
		m := link(mail.SignInLink)
		m.ToName = "<script>alert(1)<x>\" 'x'\r\nBcc: b\u202e"
		m.Data["minutes"] = "javascript:alert(1)"
		w.queue(svc, w.mine, m)
		m.Kind = mail.PasswordReset
		w.queue(svc, w.mine, m)
		m.ToName = "Win at www.evil.example"
		w.queue(svc, w.mine, m)
		w.due(r, 3)
		slices.SortFunc(out.letters, func(a, b mail.Letter) int { return strings.Compare(a.Subject+a.To.Name, b.Subject+b.To.Name) })
		for _, l := range out.letters {
			for _, text := range []string{l.Subject, l.To.Name} {
				if strings.ContainsAny(text, "\r\n\u202e") {
					w.t.Errorf("%q", text)
				}
			}
			if strings.Contains(l.HTML, "<script") || strings.Contains(l.HTML, `href="javascript`) || strings.Contains(l.Text, "\nBcc") || strings.Contains(l.Text+l.HTML, "evil.example") {
				w.t.Errorf("%s\n%s", l.Text, l.HTML)
			}
		}
		if l := out.letters[0]; !strings.HasPrefix(l.Subject, "For <script") || !strings.Contains(l.HTML, "&lt;script&gt;") {
			w.t.Errorf("%+v", l)
		}
	})
}

func TestTemplates(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		for _, tm := range []mail.Template{
			{Kind: mail.SignInLink, Subject: "Any {{.Store.Name}}", Text: "any"},
			{Kind: mail.SignInLink, Locale: "de", Subject: "Deutsch", HTML: "<b>{{.Link}} {{.Duration}}</b>"},
			{Kind: mail.SignInLink, Locale: "de_AT", Text: "Servus{{if .Unsubscribe}} x{{else if eq .Locale \"de\"}} y{{end}}{{with .Customer}} {{.Name}}{{end}}"},
		} {
			if err := svc.Put(ctx, w.mine, tm, mail.ByCommand); err != nil {
				w.t.Fatal(err)
			}
		}
		send := func(storeID int64, language, subject, text, html string) {
			w.t.Helper()
			w.settings(storeID, store.Settings{OrderEmail: "o@example.com", Language: language})
			w.queue(svc, storeID, link(mail.SignInLink))
			w.due(r, 1)
			l := out.letters[len(out.letters)-1]
			if l.Subject != subject || !strings.Contains(l.Text, text) || !strings.Contains(l.HTML, html) {
				w.t.Errorf("%q: %s\n%s\n%s", language, l.Subject, l.Text, l.HTML)
			}
		}
		send(w.mine, "", "Any Zoë & Söhne", "any", `<html lang="en">`)
		send(w.mine, "it", "Any Zoë & Söhne", "any", `<html lang="en">`)
		send(w.mine, "de-DE", "Deutsch", "any", "<b>https://mine.example.com/x?token=s3cret&amp;y=1 15 Minuten</b>")
		send(w.mine, "de_at", "Deutsch", "Servus y Jane Doe", "15 Minuten</b>")
		send(w.other, "fr_CA", "Other - Connectez-vous à votre compte", "Bonjour Jane Doe,", `<html lang="fr">`)
		send(w.other, "de", "Other - Bei Ihrem Konto anmelden", "Guten Tag Jane Doe,", "Der Link gilt 15 Minuten.")

		all, err := svc.List(ctx, w.mine)
		if err != nil || len(all) != 3 || all[2].Locale != "de-at" || all[0].DateModified != w.now.Load() {
			w.t.Errorf("%+v, %v", all, err)
		}
		if all, err := svc.List(ctx, w.other); err != nil || len(all) != 0 {
			w.t.Errorf("%+v, %v", all, err)
		}
		if tm, err := svc.Get(ctx, w.mine, mail.Place{Kind: mail.SignInLink, Locale: "DE"}); err != nil || tm.Subject != "Deutsch" {
			w.t.Errorf("%+v, %v", tm, err)
		}
		for _, storeID := range []int64{w.other, w.mine} {
			if err := svc.Reset(ctx, storeID, mail.Place{Kind: mail.SignInLink, Locale: "de"}, mail.ByCommand); (err == nil) != (storeID == w.mine) {
				w.t.Error(err)
			}
		}
		if _, err := svc.Get(ctx, w.mine, mail.Place{Kind: mail.SignInLink, Locale: "de"}); fault.As(err) == nil {
			w.t.Error(err)
		}
		send(w.mine, "de", "Any Zoë & Söhne", "any", "15 Minuten")
		if subject, _, html, err := svc.Preview(ctx, w.mine, mail.SignInLink, 0); err != nil || subject != "Any Zoë & Söhne" || !strings.Contains(html, "Guten Tag Jane Doe") {
			w.t.Error(subject, html, err)
		}
	})
}

// What was chosen in the request outweighs what is kept with the customer, and
// that what the browser accepts. A language that is not on has no part in it.
func TestLanguageOfTheReader(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		customers := customer.NewService(w.db, w.sys, passwordtest.New(w.sys))
		made, err := customers.CreateFor(ctx, password.Party{StoreID: w.mine}, []customer.Create{
			{Email: "a@example.com", FirstName: "A", LastName: "B", Locale: "fr"}, {Email: "b@example.com", FirstName: "A", LastName: "B"}, {Email: "c@example.com", FirstName: "A", LastName: "B", Locale: "es_mx"},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		french, nobody, mexican := made[0].ID, made[1].ID, made[2].ID
		settings := store.Settings{OrderEmail: "o@example.com", Language: "de", Storefront: store.StorefrontSettings{Locales: []string{"en", "fr", "es", "it"}}}
		w.settings(w.mine, settings)
		if err := svc.Put(ctx, w.mine, mail.Template{Kind: mail.SignInLink, Locale: "es", Text: "Hola ({{.Locale}})"}, mail.ByCommand); err != nil {
			w.t.Fatal(err)
		}
		const german, english, franche, spanish = "Guten Tag", "Hello", "Bonjour", "Hola (es)"
		send := func(customerID int64, wish locale.Wish, want string) {
			w.t.Helper()
			m := link(mail.SignInLink)
			m.CustomerID, m.Wish = customerID, wish
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			if l := out.letters[len(out.letters)-1]; !strings.HasPrefix(l.Text, want) {
				w.t.Errorf("customer %d, %+v: %.40q, want %s", customerID, wish, l.Text, want)
			}
		}
		send(0, locale.Wish{}, german)
		send(0, locale.Wish{Accept: "fr-CH, en;q=0.5"}, franche)
		send(0, locale.Wish{Accept: "es"}, spanish)
		send(0, locale.Wish{Accept: "it"}, german) // is on, but nothing has texts in it
		send(0, locale.Wish{Accept: "ja"}, german)
		send(nobody, locale.Wish{}, german)
		send(nobody, locale.Wish{Accept: "en"}, english)
		send(french, locale.Wish{}, franche)
		send(french, locale.Wish{Accept: "en"}, franche)
		send(french, locale.Wish{Chosen: "en"}, english)
		send(french, locale.Wish{Asked: "es", Chosen: "en"}, spanish)
		send(mexican, locale.Wish{}, spanish)
		// The language counts at the time of sending.
		if _, err := customers.SetLocale(ctx, w.mine, customer.Locale{CustomerID: french, Tag: "en"}); err != nil {
			w.t.Fatal(err)
		}
		send(french, locale.Wish{}, english)
		settings.Storefront.Locales = nil
		w.settings(w.mine, settings)
		send(french, locale.Wish{Chosen: "fr"}, german)
		// No store reaches another's customers.
		if _, err := customers.SetLocale(ctx, w.other, customer.Locale{CustomerID: french, Tag: "fr"}); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			w.t.Error(err)
		}
		if got, err := customers.Locale(ctx, w.mine, mexican); err != nil || got.Tag != "es-MX" {
			w.t.Error(got, err)
		}
		for _, bad := range []string{"deutsch!", "x", "de\x00", strings.Repeat("a", 40)} {
			if _, err := customers.SetLocale(ctx, w.mine, customer.Locale{CustomerID: french, Tag: bad}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				w.t.Errorf("%q: %v", bad, err)
			}
			if _, err := customers.CreateFor(ctx, password.Party{StoreID: w.mine}, []customer.Create{{Email: "d@example.com", FirstName: "A", LastName: "B", Locale: bad}}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				w.t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestTemplatesAreChecked(t *testing.T) {
	for name, tm := range map[string]mail.Template{
		"kind":      {Kind: "x", Text: "a"},
		"locale":    {Kind: mail.SignInLink, Locale: "deutsch!", Text: "a"},
		"empty":     {Kind: mail.SignInLink},
		"blank":     {Kind: mail.SignInLink, Subject: "  {{/* nothing */}} "},
		"syntax":    {Kind: mail.SignInLink, Text: "{{.Link"},
		"field":     {Kind: mail.SignInLink, Text: "{{.Password}}"},
		"function":  {Kind: mail.SignInLink, Text: `{{printf "%1000000000d" 1}}`},
		"loop":      {Kind: mail.SignInLink, Text: `{{range 1000000000}}x{{end}}`},
		"recursion": {Kind: mail.SignInLink, Text: `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`},
		"variable":  {Kind: mail.SignInLink, Text: `{{$x := .Link}}{{$x}}`},
		"html":      {Kind: mail.SignInLink, HTML: `<a href="{{.Link}}`},
		"long":      {Kind: mail.SignInLink, HTML: strings.Repeat("x", 100_001)},
	} {
		err := mail.CheckTemplate(&tm)
		if f := fault.As(err); f == nil || len(f.Items) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// All that is wrong is told at once.
	if f := fault.As(mail.CheckTemplate(&mail.Template{Kind: mail.SignInLink, Locale: "1", Subject: "{{.X}}", Text: "{{.Y}}", HTML: "{{.Z}}"})); f == nil || len(f.Items) != 4 {
		t.Error(f)
	}
}

// Every kind has all its texts in every language.
func TestTexts(t *testing.T) {
	each(t, func(w *world) {
		svc, _ := w.start(mail.Options{})
		for _, language := range []string{"en", "de", "fr"} {
			w.settings(w.mine, store.Settings{Language: language, LogoURL: "https://x.example.com/logo.png"})
			for _, k := range mail.Kinds() {
				subject, text, html, err := svc.Preview(w.t.Context(), w.mine, k, 0)
				if err != nil {
					w.t.Error(err)
				}
				if !strings.HasPrefix(subject, "Zoë & Söhne - ") || len(text) < 100 || strings.ContainsAny(text, "{}") || !strings.Contains(html, `lang="`+language+`"`) || !strings.Contains(html, "<h1>") || !strings.Contains(html, "Jane Doe") {
					w.t.Errorf("%s %s: %s\n%s\n%s", language, k, subject, text, html)
				}
			}
		}
	})
}

// notifier tells customers of their accounts as package account does.
type notifier struct{ *mail.Service }

func (n notifier) AccountCreated(tx *sqldb.Tx, c *customer.Customer, hasPassword bool, _ *history.Origin) error {
	m := mail.Message{Kind: mail.AccountCreated, Site: store.Site{StoreID: tx.Store(), ChannelID: c.OriginChannelID}, To: c.Email, CustomerID: c.ID}
	if !hasPassword {
		m.Data = mail.Data{"link": "/choose?t=1", "minutes": "10080"}
	}
	return n.Queue(tx, m)
}

func TestAccountCreated(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		customers := customer.NewService(w.db, w.sys, passwordtest.New(w.sys))
		customers.NotifyWith(notifier{svc})
		made, err := customers.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{
			{Email: "a@example.com", FirstName: "A", LastName: "B", Notify: true},
			{Email: "b@example.com", FirstName: "A", LastName: "B"},
			{Email: "c@example.com", FirstName: "A", LastName: "B", Notify: true, NewPassword: opt.Some("correct horse 7")},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.due(r, 2)
		slices.SortFunc(out.letters, func(a, b mail.Letter) int { return strings.Compare(a.To.Address, b.To.Address) })
		if len(out.letters) != 2 || out.letters[0].To.Address != "a@example.com" || out.letters[1].To.Address != "c@example.com" {
			w.t.Fatalf("%+v", out.letters)
		}
		for i, words := range [][]string{{"https://mine.example.com/choose?t=1", "Choose a password", "The link works for 7 days."}, {"https://mine.example.com/login.php", "Go to your account"}} {
			for _, word := range words {
				if l := out.letters[i]; !strings.Contains(l.Text, word) || !strings.Contains(l.HTML, word) || strings.Contains(l.Text, "wishlist") {
					w.t.Errorf("%s: no %q\n%s\n%s", l.To.Address, word, l.Text, l.HTML)
				}
			}
		}
		// A customer who is gone is not written to, and not remembered.
		m := link(mail.SignInLink)
		m.CustomerID = made[0].ID
		w.queue(svc, w.mine, m)
		q, err := customer.DeleteList.Parse(fmt.Sprintf("id:in=%d,%d", made[0].ID, made[2].ID))
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := customers.Delete(w.t.Context(), w.mine, q); err != nil {
			w.t.Fatal(err)
		}
		w.due(r, 1)
		if len(out.letters) != 2 {
			w.t.Error("it is sent")
		}
		if err := svc.Prune(w.t.Context()); err != nil {
			w.t.Error(err)
		}
		w.want(svc, w.mine, "")
	})
}

func TestPrune(t *testing.T) {
	each(t, func(w *world) {
		never := &mail.SendError{Permanent: true, Err: errors.New("no")}
		out := &sender{errs: []error{nil, never}}
		svc, r := w.start(mail.Options{Sender: out})
		w.queue(svc, w.mine, link(mail.SignInLink))
		w.due(r, 1)
		w.queue(svc, w.mine, link(mail.SignInLink))
		w.due(r, 1)
		w.queue(svc, w.mine, link(mail.SignInLink))
		prune := func(days int64, want string) {
			w.t.Helper()
			w.now.Add(days * 86400)
			if err := svc.Prune(w.t.Context()); err != nil {
				w.t.Error(err)
			}
			w.want(svc, w.mine, want)
		}
		prune(2, `3 queued "" "" data; 2 failed "" "no" data; 1 sent "" "" data`)
		prune(1, `3 expired "" "" -; 2 failed "" "no" -; 1 sent "" "" data`)
		prune(7, `2 failed "" "no" -`)
		prune(23, ``)
	})
}

// A process that dies before it could send leaves the rest to the next one.
func TestSurvivesARestart(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, nil)
			dsn, sys := dbtest.DSN(t, e), system.Real()
			db := dbtest.OpenDSN(t, dsn)
			st, err := store.NewService(db, sys).Create(t.Context(), "mine", "Mine", "https://mine.example.com")
			if err != nil {
				t.Fatal(err)
			}
			svc := mail.NewService(db, sys, mail.Options{From: "a@example.com"})
			for range 3 {
				if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error { return svc.Queue(tx, link(mail.SignInLink)) }); err != nil {
					t.Fatal(err)
				}
			}
			db.Close()
			db = dbtest.OpenDSN(t, dsn)
			svc = mail.NewService(db, sys, mail.Options{From: "a@example.com", Sender: s.client(mail.StartTLS)})
			r := jobs.NewRunner(db, sys, jobs.Options{})
			svc.Register(r)
			r.Start(t.Context())
			for end := time.Now().Add(10 * time.Second); len(s.deliveries()) < 3 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			}
			if err := r.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if n := len(s.deliveries()); n != 3 {
				t.Errorf("%d messages arrived", n)
			}
		})
	}
}

// linkTo is where all storefronts are that have no URL of their own.
func linkTo(url string) func(context.Context, string, int64) (string, error) {
	return func(context.Context, string, int64) (string, error) { return url, nil }
}

// An email that says only which channel it is for does not lead to a host
// that its store has not proved.
func TestNoLinkToAHostThatDoesNotCount(t *testing.T) {
	each(t, func(w *world) {
		channels := channel.NewService(w.db, w.sys)
		channels.Rules.Production = true
		for _, url := range []string{"https://other.example.net", "https://mine.example.com/back"} {
			if _, err := channels.UpdateSite(w.t.Context(), w.mine, 1, url); err != nil {
				w.t.Fatal(err)
			}
			out := &sender{}
			svc, r := w.start(mail.Options{Sender: out, LinkTo: linkTo("https://api.example")})
			m := link(mail.AccountCreated)
			m.Site, m.Data = store.Site{StoreID: w.mine, ChannelID: 1}, nil
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			if text := out.letters[0].Text; strings.Contains(text, "example.net") || !strings.Contains(text, "https://api.example/login.php") {
				w.t.Errorf("%s: %s", url, text)
			}
		}
	})
}

// An email waits for days. A link in it does not follow its host to the store
// that has the host by then.
func TestNoLinkToAHostThatChangedHands(t *testing.T) {
	each(t, func(w *world) {
		for moved, want := range map[bool]string{false: "https://was.example/login.php", true: "https://mine.example.com/login.php"} {
			out := &sender{}
			svc, r := w.start(mail.Options{Sender: out, LinkTo: linkTo("https://api.example"), LeadsElsewhere: func(_ context.Context, _, url string) (bool, error) {
				return moved && url == "https://was.example", nil
			}})
			m := link(mail.AccountCreated)
			m.Site, m.Data = store.Site{StoreID: w.mine, ChannelID: 1, URL: "https://was.example"}, nil
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			if text := out.letters[0].Text; !strings.Contains(text, want) {
				w.t.Errorf("moved %v: %s", moved, text)
			}
		}
	})
}

// Nor does a link that carries a secret, and the settings' URL is no claim.
func TestNoSecretToAHostThatChangedHands(t *testing.T) {
	const mine = "https://mine.example.com"
	each(t, func(w *world) {
		for _, c := range []struct{ lost, site, linkTo, want string }{
			{"", mine, mine, mine + "/x?token=s3cret&y=1"},
			{mine, mine, "https://store-mine.shops.example", "https://store-mine.shops.example/x?token=s3cret&y=1"},
			{mine, "", "https://store-mine.shops.example", "https://store-mine.shops.example/x?token=s3cret&y=1"},
			{mine, mine, "", ""},
		} {
			out := &sender{}
			svc, r := w.start(mail.Options{Sender: out, LinkTo: linkTo(c.linkTo), LeadsElsewhere: func(_ context.Context, _, url string) (bool, error) {
				return url == c.lost, nil
			}})
			m := link(mail.PasswordReset)
			m.Site, m.UnsubscribeURL = store.Site{StoreID: w.mine, ChannelID: 1, URL: c.site}, mine+"/unsubscribe"
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			l := out.letters[0]
			text := l.Text + l.Unsubscribe
			if !strings.Contains(text, c.want) || c.lost != "" && strings.Contains(text, c.lost) || c.want == "" && strings.Contains(text, "s3cret") {
				w.t.Errorf("%+v: %s", c, text)
			}
		}
	})
}

// Values that come from outside stay in their line and within bounds, wherever
// a text puts them.
func TestDataStaysInItsLine(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		m := link(mail.EmailChanged)
		m.Data = mail.Data{"new_email": "new@example.com\r\n\r\nBuy now\u202e" + strings.Repeat("x", 5000)}
		w.queue(svc, w.mine, m)
		w.due(r, 1)
		for _, text := range []string{out.letters[0].Text, out.letters[0].HTML} {
			if !strings.Contains(text, "new@example.com Buy nowx") || strings.Contains(text, "\u202e") || strings.Contains(text, strings.Repeat("x", 4000)) {
				w.t.Errorf("%.2000s", text)
			}
		}
	})
}

// Answers go to the store, which is told apart only where the sender is another.
func TestReplyTo(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		for from, want := range map[string]string{
			"orders@mine.example.com": "", "Shop <orders@mine.example.com>": "", "noreply@platform.example": "orders@mine.example.com", "": "",
		} {
			out.letters = nil
			svc, r := w.start(mail.Options{Sender: out, From: from})
			w.queue(svc, w.mine, link(mail.PasswordReset))
			w.due(r, 1)
			if l := out.letters[0]; l.ReplyTo != want {
				w.t.Errorf("from %q answers go to %q, want %q", from, l.ReplyTo, want)
			}
		}
	})
}

// Emails lead to the pages that a site has by its routes, with what their links
// carry, where they speak for the site's own URL.
func TestLinksGoByRoutes(t *testing.T) {
	each(t, func(w *world) {
		w.settings(w.mine, store.Settings{OrderEmail: "orders@mine.example.com", Storefront: store.StorefrontSettings{Locales: []string{"de"}}})
		channels := channel.NewService(w.db, w.sys)
		route := func(typ, path string) channel.RouteWrite {
			return channel.RouteWrite{Type: opt.Some(typ), Route: opt.Some(path)}
		}
		if _, err := channels.PutRoutes(w.t.Context(), w.mine, 1, []channel.RouteWrite{
			route(channel.RouteLogin, "/{lang}/login?x=1#form"), route(channel.RouteForgotPassword, "/reset"),
		}); err != nil {
			w.t.Fatal(err)
		}
		const site = "https://mine.example.com"
		german := locale.Wish{Asked: "de"}
		for _, c := range []struct {
			name string
			m    mail.Message
			want string
		}{
			{"sign in", mail.Message{Kind: mail.AccountCreated}, site + "/en/login?x=1#form"},
			{"in German", mail.Message{Kind: mail.AccountCreated, Wish: german}, site + "/de/login?x=1#form"},
			{"a password that changed", mail.Message{Kind: mail.PasswordChanged}, site + "/reset"},
			{"a page here that gives way", mail.Message{Kind: mail.AccountCreated, Route: channel.RouteForgotPassword, Parameters: []string{"c", "7", "t", "a b"},
				Data: mail.Data{"link": site + "/login.php?action=change_password&c=7&t=a+b"}}, site + "/reset?c=7&t=a+b"},
			{"parameters beside others", mail.Message{Kind: mail.AccountCreated, Route: channel.RouteLogin, Parameters: []string{"t", "1", "u", ""},
				Data: mail.Data{"link": "/login.php"}}, site + "/en/login?x=1&t=1#form"},
			{"a path that was chosen", link(mail.PasswordReset), site + "/x?token=s3cret&y=1"},
			{"a type without a route", mail.Message{Kind: mail.AccountCreated, Route: channel.RouteAccount, Data: mail.Data{"link": "/account.php"}}, site + "/account.php"},
			{"another site than the channel's", mail.Message{Kind: mail.AccountCreated, Site: store.Site{URL: "https://store-mine.localhost"}}, "https://store-mine.localhost/login.php"},
		} {
			out := &sender{}
			svc, r := w.start(mail.Options{Sender: out})
			c.m.To, c.m.Site.StoreID, c.m.Site.ChannelID = "jane@example.com", w.mine, 1
			w.queue(svc, w.mine, c.m)
			w.due(r, 1)
			if len(out.letters) != 1 || !strings.Contains(out.letters[0].Text, c.want+"\n") {
				w.t.Errorf("%s: %+v, want %s", c.name, out.letters, c.want)
			}
		}
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		w.queue(svc, w.other, mail.Message{Kind: mail.AccountCreated, To: "jane@example.com", Site: store.Site{StoreID: w.other, ChannelID: 1}})
		w.due(r, 1)
		if len(out.letters) != 1 || !strings.Contains(out.letters[0].Text, "https://other.example.com/login.php") {
			w.t.Errorf("another store: %+v", out.letters)
		}
	})
}
