package bench

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/system"
)

const (
	casePanel     = "panel"
	panelAsked    = 300 // requests of each kind
	panelEmail    = "owner@example.com"
	panelPassword = "Plough the furrow"
	panelDays     = 2 * 366
	panelKinds    = 9 // of figures
)

// PanelRow is how fast the pages of the control panel are, as a browser on the
// same machine sees it, and how large.
type PanelRow struct {
	list, customer, typed, home []time.Duration
	worst                       string // the slowest filter
	worstLate                   time.Duration
	first, later                int // bytes, gzipped
}

func late(waits []time.Duration) time.Duration {
	slices.Sort(waits)
	return waits[(len(waits)-1)*99/100]
}

func (r *PanelRow) figures(engine string) []Figure {
	list := 25 * time.Millisecond
	if engine == string(sqldb.Postgres) {
		list = 35 * time.Millisecond
	}
	line := func(what string, waits []time.Duration, most time.Duration) Figure {
		l := late(waits)
		return figureOf(what+", median and 99th percentile", "99th ≤ "+millis(most)+" "+met(l <= most), inMillis(waits[len(waits)/2]).less(), inMillis(l).less())
	}
	return []Figure{
		line("Control panel: a page of customers, in any order", r.list, list),
		figureOf("Control panel: the slowest filter that an index serves, 99th percentile", "≤ "+millis(list)+" "+met(r.worstLate <= list), inMillis(r.worstLate).less()).as("%s (" + strings.ReplaceAll(r.worst, "%", "%%") + ")"),
		line("Control panel: the page of a customer", r.customer, 25*time.Millisecond),
		line("Control panel: a search as one types", r.typed, 10*time.Millisecond),
		line("Control panel: Home with a year", r.home, 50*time.Millisecond),
		figureOf("Control panel: bytes of a first visit, gzipped", "≤ 70 KiB "+met(r.first <= 70<<10), amount(unitKiB, float64(r.first)/1024).less()),
		figureOf("Control panel: bytes of a later page, gzipped", "≤ 15 KiB "+met(r.later <= 15<<10), amount(unitKiB, float64(r.later)/1024).less()),
	}
}

// panel measures the control panel, in a database of its own.
func (b *bencher) panel(ctx context.Context, d data) (_ *PanelRow, err error) {
	dsn, drop, err := copyOf(ctx, d, casePanel)
	if err != nil {
		return nil, err
	}
	defer drop(&err)
	if err := b.fillPanel(ctx, dsn); err != nil {
		return nil, err
	}
	server, err := b.serve(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &visitor{bencher: b, base: "http://" + server.addr, client: &http.Client{Jar: jar, Timeout: answerWithin}, random: rand.New(rand.NewPCG(1, 1))}
	res, err := v.client.PostForm(v.base+"/manage/sign-in", url.Values{"email": {panelEmail}, "password": {panelPassword}})
	if err != nil {
		return nil, err
	}
	if err := v.read(res, nil); err != nil {
		return nil, err
	}
	row := &PanelRow{}
	if err := v.measure(row); err != nil {
		return nil, err
	}
	for _, f := range row.figures(b.name) {
		b.say("%-11s %s", casePanel, f)
	}
	return row, nil
}

// fillPanel makes somebody who works with the panel, the figures of two years, and
// sign-ins of every third customer.
func (b *bencher) fillPanel(ctx context.Context, dsn string) error {
	if err := withDB(ctx, dsn, sqldb.Options{CacheKiB: loadCache, WriteTimeout: time.Hour}, func(db *sqldb.DB) error {
		sys := system.Real()
		passwords, stores := password.New(sys), store.NewService(db, sys)
		people := staff.NewService(staff.Config{DB: db, System: sys, Stores: stores, Passwords: passwords})
		if _, err := people.Create(ctx, nil, staff.Create{Email: panelEmail, Name: "Olive Owner", Password: panelPassword, StoreID: staff.AllStores, Role: staff.Owner}); err != nil {
			return err
		}
		return customer.NewService(db, sys, passwords).FoldSearch(ctx, storeID)
	}); err != nil {
		return err
	}
	run, end, err := writerOf(ctx, dsn)
	if err != nil {
		return err
	}
	defer end()
	now := system.Real().Now()
	today := now / 86400
	for day := today - panelDays; day < today; day++ {
		values := make([]string, panelKinds)
		for k := range values {
			values[k] = fmt.Sprintf("(%d, %d, %d, %d)", storeID, day, k+1, mix(uint64(day)*10+uint64(k))%500)
		}
		if err := run("INSERT INTO daily_figures (store_id, day, kind, value) VALUES " + strings.Join(values, ", ")); err != nil {
			return err
		}
	}
	for id := int64(1); id <= b.Customers; {
		var values []string
		for ; id <= b.Customers && len(values) < sessionsAtOnce; id += 3 {
			values = append(values, fmt.Sprintf("(%d, %d, %d)", storeID, id, now-int64(mix(uint64(id))%(400*86400))))
		}
		if err := run("INSERT INTO customer_sign_ins (store_id, customer_id, date_last) VALUES " + strings.Join(values, ", ")); err != nil {
			return err
		}
	}
	return run("ANALYZE customer_sign_ins")
}

// visitor is a browser that reads pages, and takes the time until the last byte.
type visitor struct {
	*bencher
	base   string
	client *http.Client
	random *rand.Rand
}

func (v *visitor) read(res *http.Response, into *strings.Builder) error {
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if into != nil {
		into.Write(text)
	}
	if err == nil && (res.StatusCode != 200 || strings.HasPrefix(res.Request.URL.Path, "/manage/sign-in")) {
		err = fmt.Errorf("%s: status %d", res.Request.URL, res.StatusCode)
	}
	return err
}

func (v *visitor) get(path string, into *strings.Builder) (time.Duration, error) {
	start := time.Now()
	res, err := v.client.Get(v.base + path)
	if err != nil {
		return 0, err
	}
	err = v.read(res, into)
	return time.Since(start), err
}

// times asks for pages. The first ones are not counted: what they need is read
// from disk.
func (v *visitor) times(n int, path func() string) (waits []time.Duration, err error) {
	for i := range n + n/10 {
		d, err := v.get(path(), nil)
		if err != nil {
			return nil, err
		}
		if i >= n/10 {
			waits = append(waits, d)
		}
	}
	return waits, nil
}

const (
	panelStore = "/manage/store/" + storeHash
	panelList  = panelStore + "/customers"
)

// rulesOf are filters that an index serves, each by one field.
var rulesOf = []func(i int64) string{
	func(i int64) string { return fmt.Sprintf("id BETWEEN %d AND %d", i, i+500) },
	func(i int64) string {
		return "name STARTS WITH '" + person(i).FirstName + " " + person(i).LastName[:1] + "'"
	},
	func(i int64) string { return "last_name = '" + person(i).LastName + "'" },
	func(i int64) string { return "company STARTS WITH '" + person(i).LastName[:2] + "'" },
	func(i int64) string { return "phone STARTS WITH '" + fmt.Sprintf("+1 555 %d", 100+i%900) + "'" },
	func(int64) string { return "group IS NULL" },
	func(int64) string { return "date_created >= -90d" },
	func(i int64) string { return fmt.Sprintf("date_modified >= -%dd", 1+i%300) },
	func(i int64) string { return fmt.Sprintf("last_sign_in >= -%dd", 1+i%300) },
}

var nextPage = regexp.MustCompile(`href="([^"]*)"[^>]*aria-label="Next page"`)

func (v *visitor) measure(row *PanelRow) (err error) {
	any := func() int64 { return 1 + v.random.Int64N(v.Customers) }
	orders, _ := customer.Orders()
	for _, sort := range append(orders, "-id", "-name", "-sign_in", "-joined") {
		// A page of any place: some pages on from a mark by a customer's number.
		at := panelList + "?sort=" + sort
		for n := 0; n < panelAsked/len(orders); n++ {
			var body strings.Builder
			d, err := v.get(at, &body)
			if err != nil {
				return err
			}
			if n > 2 {
				row.list = append(row.list, d)
			}
			next := nextPage.FindStringSubmatch(body.String())
			switch {
			case n%7 == 6:
				at = panelList + "?back=1&sort=" + sort
			case strings.HasSuffix(sort, "id"):
				at = panelList + fmt.Sprintf("?sort=%s&limit=50&from=%d&at=1000", sort, any())
			case next != nil:
				at = strings.ReplaceAll(next[1], "&amp;", "&")
			default:
				at = panelList + "?sort=" + sort
			}
		}
	}
	for n, rule := range rulesOf {
		last := ""
		waits, err := v.times(panelAsked/5, func() string { last = rule(any()); return panelList + "?rule=" + url.QueryEscape(last) })
		if err != nil {
			return err
		}
		l := late(waits)
		v.say("%-11s filter %d, such as %s: median %s, 99th percentile %s", casePanel, n+1, last, millis(waits[len(waits)/2]), millis(l))
		if l > row.worstLate {
			row.worst, row.worstLate = last, l
		}
	}
	if row.customer, err = v.times(panelAsked, func() string { return panelList + fmt.Sprintf("/%d", any()) }); err != nil {
		return err
	}
	keys := v.keys(any)
	if row.typed, err = v.times(2*panelAsked, func() string { return panelStore + "/search?q=" + url.QueryEscape(keys()) }); err != nil {
		return err
	}
	if row.home, err = v.times(panelAsked/3, func() string { return panelStore + "?days=365" }); err != nil {
		return err
	}
	for _, waits := range [][]time.Duration{row.list, row.customer, row.typed, row.home} {
		slices.Sort(waits)
	}
	for _, path := range []string{panelList + "?limit=50", "/manage/assets/panel.css", "/manage/assets/panel.js"} {
		n, err := v.zipped(path)
		if err != nil {
			return err
		}
		row.first += n
		if row.later == 0 {
			row.later = n
		}
	}
	return nil
}

// keys returns what is typed, key by key: addresses, names in both orders, phones
// and numbers of customers.
func (v *visitor) keys(any func() int64) func() string {
	var text []rune
	n := 0
	return func() string {
		if n++; n > min(len(text), 12) {
			i := any()
			p := person(i)
			text = []rune([]string{p.Email, p.FirstName + " " + p.LastName, p.LastName + " " + p.FirstName, p.Phone, fmt.Sprint(i), p.Company}[v.random.IntN(6)])
			n = 1
		}
		return string(text[:min(n, len(text))])
	}
}

// zipped is how many bytes an answer has when it is compressed.
func (v *visitor) zipped(path string) (int, error) {
	var body, out strings.Builder
	if _, err := v.get(path, &body); err != nil {
		return 0, err
	}
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, body.String()); err != nil {
		return 0, err
	}
	err := w.Close()
	return out.Len(), err
}
