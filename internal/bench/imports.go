package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

const (
	caseTransfer = "transfer"
	// importMemory is what an import may take, whatever the file.
	importMemory = 96 << 20
	// importShare is what it has to have of the engine's own bulk way, importSlower
	// by what another client's requests may be slower meanwhile.
	importShare  = 0.5
	importSlower = 3.0
	// exportRate is how many customers a second an export writes at least: a million
	// within a minute.
	exportRate = 1e6 / 60.0
	// asked is how many requests tell how long they take.
	asked = 2000
)

// ImportRow is how fast a file of customers is imported, each with an address, two
// values of attributes and a bcrypt hash, held against the database's own bulk way:
// the rows that the import made go into the same tables and indexes of a copy.
type ImportRow struct {
	customers     int64
	took, bulk    time.Duration
	rows          int64
	tables        []string
	memory        int64
	alone, beside time.Duration // another client's 99th percentile
	meanwhile     time.Duration // what the import took beside that
	exports       []exported
}

// exported is a file as it was written of the customers.
type exported struct {
	format       string
	took         time.Duration
	size, memory int64
}

// Share is how fast the import is, of the bulk way.
func (r *ImportRow) Share() float64 { return float64(r.bulk) / float64(r.took) }

func (r *ImportRow) figures() []Figure {
	out := []Figure{
		figureOf(fmt.Sprintf("Importing %s", quantity(r.customers, "customers")), "", amount(unitSeconds, r.took.Seconds()), amount(unitRate, float64(r.customers)/r.took.Seconds())).as("%s, %s a second"),
		figureOf("Its resident memory at its peak", within(r.memory, importMemory, mebibytes), inMiB(r.memory).less()),
	}
	if r.bulk > 0 {
		slower := float64(r.beside) / float64(r.alone)
		out = append(out,
			figureOf(fmt.Sprintf("The same %s rows of %d tables in bulk", whole(r.rows), len(r.tables)), "", amount(unitSeconds, r.bulk.Seconds())),
			figureOf("The import, of the bulk way's speed", target(r.Share(), importShare), amount(unitRatio, r.Share()).more()),
			figureOf("Another client's 99th percentile, alone and meanwhile", fmt.Sprintf("≤ %.0f times %s", importSlower, met(slower <= importSlower)), inMillis(r.alone), inMillis(r.beside).less()))
	}
	for _, e := range r.exports {
		rate := float64(r.customers) / e.took.Seconds()
		out = append(out,
			figureOf("Exporting them, format "+e.format, "≥ "+number(exportRate)+" a second "+met(rate >= exportRate), amount(unitSeconds, e.took.Seconds()), amount(unitRate, rate).more(), inMiB(e.size)).as("%s, %s a second, %s"),
			figureOf("Its resident memory at its peak, format "+e.format, within(e.memory, importMemory, mebibytes), inMiB(e.memory).less()))
	}
	return out
}

// transfer measures in databases of its own. In place it only imports and exports:
// the bulk way and an import beside another client would take as much room each.
func (b *bencher) transfer(ctx context.Context, d data) (_ *ImportRow, err error) {
	taken, dropTaken, err := copyOf(ctx, d, "imported")
	if err != nil {
		return nil, err
	}
	defer dropTaken(&err)
	targets := []string{taken}
	if !b.InPlace {
		bulk, dropBulk, err := copyOf(ctx, d, "bulk")
		if err != nil {
			return nil, err
		}
		defer dropBulk(&err)
		targets = append(targets, bulk)
	}
	dir, err := os.MkdirTemp("", "clientele-bench-import-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	row := &ImportRow{customers: cmp.Or(b.Crowd, b.Customers)}
	file := filepath.Join(dir, "customers.csv")
	if err := writeImport(file, row.customers); err != nil {
		return nil, err
	}
	mapping := filepath.Join(dir, "map.yaml")
	if err := os.WriteFile(mapping, []byte("Tier: attribute:Tier\nShoe size: attribute:Shoe size\n"), 0o600); err != nil {
		return nil, err
	}
	var id int64
	for _, dsn := range targets { // the same id in both
		if id, err = newStores(ctx, dsn, "movein", "beside"); err != nil {
			return nil, err
		}
	}
	bring := func(hash string) (time.Duration, int64, error) {
		return b.command(ctx, "import", file, "--map", mapping, "--store", hash, "--database", taken)
	}
	if row.took, row.memory, err = bring("movein"); err != nil {
		return nil, err
	}
	if !b.InPlace {
		if err := row.inBulk(ctx, taken, targets[1], id); err != nil {
			return nil, err
		}
	}
	for _, format := range []string{"clientele", "bigcommerce"} {
		e, out := exported{format: format}, filepath.Join(dir, format)
		if e.took, e.memory, err = b.command(ctx, "export", "--format", format, "--out", out, "--store", "movein", "--database", taken); err != nil {
			return nil, err
		}
		info, err := os.Stat(out)
		if err != nil {
			return nil, err
		}
		e.size = info.Size()
		row.exports = append(row.exports, e)
	}
	if !b.InPlace {
		if err := row.withAnother(ctx, b, taken, bring); err != nil {
			return nil, err
		}
	}
	for _, f := range row.figures() {
		b.say("%-11s %s", caseTransfer, f)
	}
	return row, nil
}

// withAnother has another client ask the server while a second store is filled.
func (r *ImportRow) withAnother(ctx context.Context, b *bencher, dsn string, bring func(hash string) (time.Duration, int64, error)) error {
	server, err := b.serve(ctx, dsn)
	if err != nil {
		return err
	}
	defer server.stop()
	if r.alone, err = b.late(ctx, server.addr, func(n int) bool { return n < asked }); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		var err error
		r.meanwhile, _, err = bring("beside")
		done <- err
	}()
	over := false
	r.beside, err = b.late(ctx, server.addr, func(int) bool {
		select {
		case failed := <-done:
			over = true
			done <- failed
		default:
		}
		return !over
	})
	return errors.Join(err, <-done)
}

// command runs the program, and returns how long it took and its resident memory at
// its peak.
func (b *bencher) command(ctx context.Context, args ...string) (time.Duration, int64, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, b.bin, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	// What the system tells of a process that ended has its parent's memory in it.
	peak, ended := int64(0), make(chan struct{})
	go func() {
		for c := (&child{proc: cmd.Process}); ; time.Sleep(20 * time.Millisecond) {
			select {
			case <-ended:
				return
			default:
				_, now := c.memory()
				peak = max(peak, now)
			}
		}
	}()
	err := cmd.Wait()
	took := time.Since(start)
	ended <- struct{}{}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %s", err, out.String())
	}
	return took, peak, nil
}

// late returns the 99th percentile of how long it takes to get a customer, as long
// as more says so.
func (b *bencher) late(ctx context.Context, addr string, more func(n int) bool) (time.Duration, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	var all []time.Duration
	for n := 0; more(n); n++ {
		id := 1 + rng.Int64N(b.Customers)
		if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
			return 0, err
		}
		start := time.Now()
		if err := c.do(func(b []byte) []byte {
			return fmt.Appendf(b, "GET %s?id:in=%d HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\n\r\n", serverPath, id, accessToken)
		}, 200, nil); err != nil {
			return 0, err
		}
		all = append(all, time.Since(start))
		time.Sleep(2 * time.Millisecond)
	}
	if len(all) == 0 {
		return 0, errors.New("nobody asked anything")
	}
	slices.Sort(all)
	return all[len(all)*99/100], nil
}

// newStores makes stores, and returns the id of the first.
func newStores(ctx context.Context, dsn string, hashes ...string) (id int64, err error) {
	err = withDB(ctx, dsn, sqldb.Options{}, func(db *sqldb.DB) error {
		for i, hash := range hashes {
			st, err := store.NewService(db, system.Real()).Create(ctx, hash, "Moved in", "")
			if err != nil {
				return err
			}
			if i == 0 {
				id = st.ID
			}
		}
		return nil
	})
	return id, err
}

// writeImport writes a file of n customers, whose hashes nobody knows a password
// of.
func writeImport(file string, n int64) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := bufio.NewWriterSize(f, 1<<20)
	w := csv.NewWriter(buf)
	_ = w.Write([]string{"Email", "First Name", "Last Name", "Company", "Phone", "Password hash", "Address 1", "City", "State", "Postal code", "Country code", "Tier", "Shoe size"})
	for i := range n {
		p := person(farAbove + i)
		a := &p.Addresses[0].AddressFields
		hash := []byte("$2b$10$")
		for bits, j := mix(uint64(i)), 0; j < 53; j++ {
			const digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			if hash = append(hash, digits[bits&63]); bits>>6 == 0 {
				bits = mix(bits + uint64(j))
			} else {
				bits >>= 6
			}
		}
		_ = w.Write([]string{p.Email, p.FirstName, p.LastName, p.Company, p.Phone, string(hash), a.Address1, a.City, a.StateOrProvince, a.PostalCode, a.CountryCode, tier(i), strconv.FormatInt(36+i%12, 10)})
	}
	w.Flush() // it keeps the errors
	return errors.Join(w.Error(), buf.Flush())
}

// inBulk puts the rows that an import made of a store into another database.
func (r *ImportRow) inBulk(ctx context.Context, from, to string, id int64) error {
	if path, ok := strings.CutPrefix(from, "sqlite:"); ok {
		return r.attached(path, strings.TrimPrefix(to, "sqlite:"), id)
	}
	return r.copied(ctx, from, to, id)
}

// attached copies within SQLite, a transaction for all tables.
func (r *ImportRow) attached(from, to string, id int64) error {
	conn, err := sqlite.OpenConn(to, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer conn.Close()
	run := func(sql string, each func(*sqlite.Stmt) error) error {
		return sqlitex.ExecuteTransient(conn, sql, &sqlitex.ExecOptions{ResultFunc: each})
	}
	for _, sql := range []string{"PRAGMA synchronous = FULL", "PRAGMA cache_size = -65536", "ATTACH '" + strings.ReplaceAll(from, "'", "''") + "' AS taken"} {
		if err := run(sql, nil); err != nil {
			return err
		}
	}
	var tables []string
	if err := run(`SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) p ON p.name = 'store_id' WHERE m.type = 'table' ORDER BY m.rowid`, func(s *sqlite.Stmt) error {
		tables = append(tables, s.ColumnText(0))
		return nil
	}); err != nil {
		return err
	}
	for _, t := range tables {
		n := int64(0)
		if err := run(fmt.Sprintf("SELECT COUNT(*) FROM taken.%s WHERE store_id = %d", t, id), func(s *sqlite.Stmt) error { n = s.ColumnInt64(0); return nil }); err != nil {
			return err
		}
		if n >= r.customers/2 { // else it is not what the import fills
			r.tables, r.rows = append(r.tables, t), r.rows+n
		}
	}
	// Attributes are few, and others refer to them.
	statements := []string{"BEGIN IMMEDIATE"}
	for _, t := range append([]string{"attributes"}, r.tables...) {
		statements = append(statements, fmt.Sprintf("INSERT INTO main.%s SELECT * FROM taken.%s WHERE store_id = %d", t, t, id))
	}
	start := time.Now()
	for _, sql := range append(statements, "COMMIT") {
		if err := run(sql, nil); err != nil {
			return err
		}
	}
	r.bulk = time.Since(start)
	return nil
}

// copied copies between databases of PostgreSQL, table by table.
func (r *ImportRow) copied(ctx context.Context, from, to string, id int64) error {
	source, err := pgx.Connect(ctx, from)
	if err != nil {
		return err
	}
	defer source.Close(context.WithoutCancel(ctx))
	target, err := pgx.Connect(ctx, to)
	if err != nil {
		return err
	}
	defer target.Close(context.WithoutCancel(ctx))
	rows, err := source.Query(ctx, `SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'store_id' WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY c.oid`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, t := range names {
		n := int64(0)
		if err := source.QueryRow(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE store_id = %d", t, id)).Scan(&n); err != nil {
			return err
		}
		if n >= r.customers/2 { // else it is not what the import fills
			r.tables, r.rows = append(r.tables, t), r.rows+n
		}
	}
	start := time.Now()
	if _, err := target.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	for _, t := range append([]string{"attributes"}, r.tables...) {
		out, in := io.Pipe()
		read := make(chan error, 1)
		go func() {
			_, err := source.PgConn().CopyTo(ctx, in, fmt.Sprintf("COPY (SELECT * FROM %s WHERE store_id = %d) TO STDOUT (FORMAT binary)", t, id))
			read <- errors.Join(err, in.CloseWithError(err))
		}()
		_, err := target.PgConn().CopyFrom(ctx, out, fmt.Sprintf("COPY %s FROM STDIN (FORMAT binary)", t))
		if err := errors.Join(err, out.CloseWithError(io.ErrClosedPipe), <-read); err != nil {
			return fmt.Errorf("copy %s: %w", t, err)
		}
	}
	if _, err := target.Exec(ctx, "COMMIT"); err != nil {
		return err
	}
	r.bulk = time.Since(start)
	return nil
}
