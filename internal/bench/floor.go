package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/customer"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/password"
	"clientele/internal/system"
)

// The floor is the least that could give the same answers on the same data:
// net/http, the driver's own interface and rows appended to JSON by hand. It
// knows no accounts, rules, filters or pages. It is what the server's speed is
// a fraction of.

// FloorConfig says where a floor serves and on what.
type FloorConfig struct {
	Engine string `required:"" enum:"sqlite,postgres"`
	Read   string `required:"" help:"The database to read."`
	Write  string `required:"" help:"The database to write."`
	Listen string `required:"" help:"The address to serve on."`
}

// floorDB answers reads and measures writes on one engine.
type floorDB interface {
	// answer appends the JSON for a kind of read.
	answer(b []byte, kind, arg string) ([]byte, error)
	// writer opens a connection of its own and returns what commits some of a
	// kind, each given by the arguments of the kind's statements.
	writer(ctx context.Context, statements []string) (commit func(rows [][][]any) error, end func(), err error)
}

// Floor serves until ctx ends.
func Floor(ctx context.Context, c FloorConfig) error {
	var db floorDB
	var err error
	if c.Engine == "sqlite" {
		db, err = openFloorLite(c.Read, c.Write)
	} else {
		db, err = openFloorPG(ctx, c.Read, c.Write)
	}
	if err != nil {
		return err
	}
	f := &floor{db: db, passwords: password.New(system.Real())}
	if f.hash, err = f.passwords.Hash(ctx, password.Party{}, shopperPassword); err != nil {
		return err
	}
	s := &http.Server{Addr: c.Listen, Handler: f, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

type floor struct {
	db        floorDB
	passwords *password.Hasher
	hash      string // of shopperPassword
}

var (
	jsonType  = []string{"application/json"}
	floorBufs = sync.Pool{New: func() any { return new([]byte) }}
)

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, arg, _ := strings.Cut(r.URL.Path[1:], "/")
	switch kind {
	case "nothing":
		w.WriteHeader(http.StatusNoContent)
		return
	case "readyz":
		w.Header().Set("Content-Length", "0")
		return
	case "hash":
		if ok, err := f.passwords.Verify(r.Context(), password.Party{}, f.hash, shopperPassword); !ok || err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	case "write":
		f.write(w, r)
		return
	}
	buf := floorBufs.Get().(*[]byte)
	b, err := f.db.answer((*buf)[:0], kind, arg)
	status := http.StatusOK
	if err != nil {
		status, b = http.StatusInternalServerError, append(b[:0], err.Error()...)
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client is the benchmark, which notices
	*buf = b
	floorBufs.Put(buf)
}

// write lets ?clients= connections commit ?batch= of a ?kind= each, over and
// over for ?ms= milliseconds, and answers with their pace.
func (f *floor) write(w http.ResponseWriter, r *http.Request) {
	number := func(name string) int {
		n, _ := strconv.Atoi(r.URL.Query().Get(name))
		return max(n, 1)
	}
	done, err := f.commits(r.Context(), floorKinds[r.URL.Query().Get("kind")], number("clients"), number("batch"), time.Duration(number("warm"))*time.Millisecond, time.Duration(number("ms"))*time.Millisecond)
	text := fmt.Sprintf("%.3f %d", done.rate, done.all)
	if err != nil {
		text = err.Error()
		w.WriteHeader(http.StatusInternalServerError)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write([]byte(text))
}

// farAbove is an id that no loaded customer reaches.
const farAbove = 1 << 40

// floorID numbers what the floor writes, from 2*farAbove on: the server may have
// made those below in the same database.
var floorID atomic.Int64

func (f *floor) commits(ctx context.Context, kind floorKind, clients, batch int, warm, d time.Duration) (pace, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var ready, done sync.WaitGroup
	var m *meter
	start := make(chan struct{})
	for range clients {
		ready.Add(1)
		done.Go(func() {
			commit, end, err := f.db.writer(ctx, kind.statements)
			ready.Done()
			if err != nil {
				cancel(err)
				return
			}
			defer end()
			<-start
			rows := make([][][]any, batch)
			for i := range rows {
				rows[i] = make([][]any, len(kind.statements))
			}
			for now := time.Now(); ctx.Err() == nil && m.more(now); m.done(now) {
				for _, args := range rows {
					kind.fill(args, 2*farAbove+floorID.Add(1), now.Unix())
				}
				if err := commit(rows); err != nil {
					cancel(err)
					return
				}
				now = time.Now()
			}
		})
	}
	ready.Wait()
	m = newMeter(warm, d, clients)
	close(start)
	done.Wait()
	return m.pace(), context.Cause(ctx)
}

// row is the current row of a result. Text is valid until the next call.
type row interface {
	integer(i int) int64
	text(i int) []byte
}

// floorColumns are in the order in which they are written.
const (
	floorColumns = `id, force_password_reset, company, customer_group_id, email, first_name, last_name, notes, phone,
	registration_ip_address, tax_exempt_category, date_created, date_modified, accepts_emails, origin_channel_id, channel_ids`
	floorValueColumns   = `id, attribute_id, customer_id, value, date_created, date_modified`
	floorAddressColumns = `id, address1, address2, address_type, city, company, country_code, customer_id, first_name, last_name, phone, postal_code, state_or_province`
)

// The statements, with the store as their first parameter. PostgreSQL takes
// them as they are, SQLite with ? for $.
const (
	floorSubs     = `SELECT id, email, first_name, last_name, source, order_id, date_created, date_modified, channel_id, consents FROM subscribers WHERE store_id = $1 ORDER BY id LIMIT 50`
	floorTiers    = `SELECT ` + floorValueColumns + `, (SELECT attribute_values FROM store_counters WHERE store_id = $1) FROM attribute_values WHERE store_id = $1 ORDER BY id LIMIT 50`
	floorOldest   = `SELECT ` + floorColumns + `, store_credit FROM customers WHERE store_id = $1 ORDER BY id LIMIT 50`
	floorOne      = `SELECT ` + floorColumns + ` FROM customers WHERE store_id = $1 AND id = $2`
	floorPage     = `SELECT ` + floorColumns + ` FROM customers WHERE store_id = $1 ORDER BY id DESC LIMIT 50`
	floorCredit   = `SELECT ` + floorColumns + `, store_credit FROM customers WHERE store_id = $1 ORDER BY id DESC LIMIT 50`
	floorAfter    = `SELECT ` + floorColumns + ` FROM customers WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT 50`
	floorByEmail  = `SELECT ` + floorEmailed + ` FROM customer_emails e JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id WHERE e.store_id = $1 AND e.email_norm = $2`
	floorEmailed  = `c.id, force_password_reset, company, customer_group_id, email, first_name, last_name, notes, phone, registration_ip_address, tax_exempt_category, date_created, date_modified, accepts_emails, origin_channel_id, channel_ids`
	floorLike     = `SELECT ` + floorColumns + `, (SELECT COUNT(*) FROM customers WHERE store_id = $1 AND %[1]s(name_norm, $2) > 0) FROM customers WHERE store_id = $1 AND %[1]s(name_norm, $2) > 0 ORDER BY id DESC LIMIT 50`
	floorAddress  = `SELECT ` + floorAddressColumns + ` FROM addresses WHERE store_id = $1 AND customer_id BETWEEN $2 AND $3 ORDER BY customer_id DESC, id`
	floorValues   = `SELECT ` + floorValueColumns + ` FROM attribute_values WHERE store_id = $1 AND customer_id BETWEEN $2 AND $3 ORDER BY customer_id, attribute_id`
	floorFields   = `SELECT v.customer_id, f.name, v.value FROM customer_form_values v JOIN form_fields f ON f.store_id = v.store_id AND f.id = v.field_id WHERE v.store_id = $1 AND v.customer_id BETWEEN $2 AND $3`
	floorAddrForm = `SELECT v.address_id, f.name, v.value FROM addresses a JOIN address_form_values v ON v.store_id = a.store_id AND v.address_id = a.id JOIN form_fields f ON f.store_id = v.store_id AND f.id = v.field_id WHERE a.store_id = $1 AND a.customer_id BETWEEN $2 AND $3`
)

func appendText(b []byte, key string, text []byte) []byte {
	b = append(b, key...)
	return jsonx.AppendString(b, borrow(text))
}

// appendFloorCustomer leaves the object open. credit adds the column beyond
// the others.
func appendFloorCustomer(b []byte, r row, credit bool) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), r.integer(0), 10)
	b = strconv.AppendBool(append(b, `,"authentication":{"force_password_reset":`...), r.integer(1) != 0)
	b = appendText(b, `},"company":`, r.text(2))
	b = strconv.AppendInt(append(b, `,"customer_group_id":`...), r.integer(3), 10)
	b = appendText(b, `,"email":`, r.text(4))
	b = appendText(b, `,"first_name":`, r.text(5))
	b = appendText(b, `,"last_name":`, r.text(6))
	b = appendText(b, `,"notes":`, r.text(7))
	b = appendText(b, `,"phone":`, r.text(8))
	b = appendText(b, `,"registration_ip_address":`, r.text(9))
	b = appendText(b, `,"tax_exempt_category":`, r.text(10))
	b = jsonx.AppendTime(append(b, `,"date_created":`...), r.integer(11))
	b = jsonx.AppendTime(append(b, `,"date_modified":`...), r.integer(12))
	b = strconv.AppendBool(append(b, `,"accepts_product_review_abandoned_cart_emails":`...), r.integer(13) != 0)
	if credit {
		b = jsonx.AppendDecimal(append(b, `,"store_credit_amounts":[{"amount":`...), r.integer(16), customer.CreditScale)
		b = append(b, `}]`...)
	}
	b = strconv.AppendInt(append(b, `,"origin_channel_id":`...), r.integer(14), 10)
	b = append(b, `,"channel_ids":`...)
	if channels := r.text(15); len(channels) == 0 {
		b = append(b, "null"...)
	} else {
		b = append(append(append(b, '['), channels...), ']')
	}
	return b
}

func appendFloorAddress(b []byte, r row) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), r.integer(0), 10)
	b = appendText(b, `,"address1":`, r.text(1))
	b = appendText(b, `,"address2":`, r.text(2))
	b = appendText(b, `,"address_type":`, r.text(3))
	b = appendText(b, `,"city":`, r.text(4))
	b = appendText(b, `,"company":`, r.text(5))
	code := r.text(6)
	name := ""
	if c, ok := geo.ByCode(borrow(code)); ok {
		name = c.Name
	}
	b = jsonx.AppendString(append(b, `,"country":`...), name)
	b = appendText(b, `,"country_code":`, code)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), r.integer(7), 10)
	b = appendText(b, `,"first_name":`, r.text(8))
	b = appendText(b, `,"last_name":`, r.text(9))
	b = appendText(b, `,"phone":`, r.text(10))
	b = appendText(b, `,"postal_code":`, r.text(11))
	b = appendText(b, `,"state_or_province":`, r.text(12))
	return append(b, `,"form_fields":[]}`...)
}

func appendFloorValue(b []byte, r row) []byte {
	b = strconv.AppendInt(append(b, `{"attribute_id":`...), r.integer(1), 10)
	b = appendText(b, `,"attribute_value":`, r.text(3))
	b = strconv.AppendInt(append(b, `,"customer_id":`...), r.integer(2), 10)
	b = jsonx.AppendTime(append(b, `,"date_created":`...), r.integer(4))
	b = jsonx.AppendTime(append(b, `,"date_modified":`...), r.integer(5))
	b = strconv.AppendInt(append(b, `,"id":`...), r.integer(0), 10)
	return append(b, '}')
}

func appendFloorSubscriber(b []byte, r row) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), r.integer(0), 10)
	b = appendText(b, `,"email":`, r.text(1))
	b = appendText(b, `,"first_name":`, r.text(2))
	b = appendText(b, `,"last_name":`, r.text(3))
	b = appendText(b, `,"source":`, r.text(4))
	b = append(b, `,"order_id":`...)
	if order := r.integer(5); order == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, order, 10)
	}
	b = jsonx.AppendTimeOffset(append(b, `,"date_created":`...), r.integer(6))
	b = jsonx.AppendTimeOffset(append(b, `,"date_modified":`...), r.integer(7))
	b = strconv.AppendInt(append(b, `,"channel_id":`...), r.integer(8), 10)
	b = append(b, `,"consents":[`...)
	for i, rest, more := 0, r.text(9), true; more && len(rest) > 0; i++ {
		var c []byte
		c, rest, more = bytes.Cut(rest, comma)
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, borrow(c))
	}
	return append(b, `]}`...)
}

var comma = []byte{','}

// appendFloorPlain appends a customer as V2 tells one. There are no form
// fields.
func appendFloorPlain(b []byte, r row) []byte {
	id := r.integer(0)
	b = strconv.AppendInt(append(b, `{"id":`...), id, 10)
	b = appendText(b, `,"company":`, r.text(2))
	b = appendText(b, `,"first_name":`, r.text(5))
	b = appendText(b, `,"last_name":`, r.text(6))
	b = appendText(b, `,"email":`, r.text(4))
	b = appendText(b, `,"phone":`, r.text(8))
	b = appendMailTime(append(b, `,"form_fields":null,"date_created":"`...), r.integer(11))
	b = appendMailTime(append(b, `","date_modified":"`...), r.integer(12))
	b = jsonx.AppendFixed(append(b, `","store_credit":"`...), r.integer(16), customer.CreditScale, 4)
	b = appendText(b, `","registration_ip_address":`, r.text(9))
	b = strconv.AppendInt(append(b, `,"customer_group_id":`...), r.integer(3), 10)
	b = appendText(b, `,"notes":`, r.text(7))
	b = appendText(b, `,"tax_exempt_category":`, r.text(10))
	b = strconv.AppendBool(append(b, `,"reset_pass_on_login":`...), r.integer(1) != 0)
	b = strconv.AppendBool(append(b, `,"accepts_marketing":`...), r.integer(13) != 0)
	b = strconv.AppendInt(append(b, `,"addresses":{"url":"http://localhost`+plainPath+`/`...), id, 10)
	b = strconv.AppendInt(append(b, `/addresses","resource":"/customers/`...), id, 10)
	return append(b, `/addresses"}}`...)
}

func appendMailTime(b []byte, unix int64) []byte {
	return time.Unix(unix, 0).UTC().AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 -0700")
}

// appendRow appends one row of an answer to a kind of read.
type appendRow func(b []byte, r row) []byte

func appendFloorListed(b []byte, r row) []byte { return append(appendFloorCustomer(b, r, false), '}') }

// rowOf returns how the rows of a kind of read are written.
func rowOf(kind string) appendRow {
	switch kind {
	case caseSubscribers:
		return appendFloorSubscriber
	case caseValues:
		return appendFloorValue
	}
	return appendFloorListed
}

const dataHead = `{"data":[`

// page collects a page's customers and, where asked for, what belongs to them,
// and writes one after the other.
type page struct {
	ids       []int64
	ends      []int // of each customer in customers
	customers []byte
	addresses owned
	values    owned
}

// owned are rows that belong to the customers of a page, those of one customer
// together, in the order of the page or in the opposite one.
type owned struct {
	rows   []byte
	owners []owner
}

// owner is a run of rows of one customer.
type owner struct {
	id         int64
	start, end int
}

func (o *owned) add(id int64, r row, one appendRow) {
	if n := len(o.owners); n > 0 && o.owners[n-1].id == id {
		o.rows = append(o.rows, ',')
	} else {
		o.owners = append(o.owners, owner{id: id, start: len(o.rows)})
	}
	o.rows = one(o.rows, r)
	o.owners[len(o.owners)-1].end = len(o.rows)
}

func (o *owned) reset() { o.rows, o.owners = o.rows[:0], o.owners[:0] }

// reader hands out what is owned, customer by customer.
type reader struct {
	*owned
	at, step int
}

func (o *owned) forward() reader  { return reader{o, 0, 1} }
func (o *owned) backward() reader { return reader{o, len(o.owners) - 1, -1} }

func (o *reader) appendOf(b []byte, id int64) []byte {
	if o.at < 0 || o.at == len(o.owners) || o.owners[o.at].id != id {
		return b
	}
	run := o.owners[o.at]
	o.at += o.step
	return append(b, o.rows[run.start:run.end]...)
}

func (p *page) reset() {
	p.ids, p.ends, p.customers = p.ids[:0], p.ends[:0], p.customers[:0]
	p.addresses.reset()
	p.values.reset()
}

func (p *page) customer(r row) {
	p.ids = append(p.ids, r.integer(0))
	p.customers = appendFloorCustomer(p.customers, r, true)
	p.ends = append(p.ends, len(p.customers))
}

// bounds are the lowest and the highest id of the page, which has every
// customer between them.
func (p *page) bounds() (low, high int64) {
	if len(p.ids) == 0 {
		return 0, 0
	}
	return p.ids[len(p.ids)-1], p.ids[0]
}

// include takes a row of the include with a number; see floorIncludes.
func (p *page) include(i int, r row) error {
	switch i {
	case 0:
		p.addresses.add(r.integer(7), r, appendFloorAddress)
	case 1:
		p.values.add(r.integer(2), r, appendFloorValue)
	default:
		return none(r)
	}
	return nil
}

// floorIncludes are addresses, attributes, form fields and those of addresses.
var floorIncludes = [...]string{floorAddress, floorValues, floorFields, floorAddrForm}

// none is called for kinds of rows that the loaded store has none of.
func none(r row) error { return fmt.Errorf("unexpected row of %d", r.integer(0)) }

// write relies on the order of the statements: addresses are in that of the
// customers, values in the opposite one.
func (p *page) write(b []byte) []byte {
	b = append(b, dataHead...)
	from := 0
	addresses, values := p.addresses.forward(), p.values.backward()
	for i, id := range p.ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, p.customers[from:p.ends[i]]...)
		from = p.ends[i]
		b = addresses.appendOf(append(b, `,"addresses":[`...), id)
		b = values.appendOf(append(b, `],"attributes":[`...), id)
		b = append(b, `],"form_fields":[],"shopper_profile_id":null,"segment_ids":[]}`...)
	}
	return append(b, `]}`...)
}
