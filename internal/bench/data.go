package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
	"clientele/internal/testing/pgcluster"
)

// data is a loaded store of one size that stays as it was loaded. Everything
// runs on copies.
type data interface {
	// Copy makes a database with the given name; one of that name is replaced.
	Copy(ctx context.Context, name string) (dsn string, err error)
	// Loaded returns how many customers a second were loaded, in each tenth; nil if
	// they were there.
	Loaded() []float64
	// Drop removes what Copy made.
	Drop(ctx context.Context, name string) error
	// Take gives the data itself away, which is not as it was loaded from then on.
	Take() (dsn string, err error)
}

// taken is data that is measured itself, where a disk has no room for copies.
type taken struct{ data }

func (d taken) Copy(context.Context, string) (string, error) { return d.Take() }

func (taken) Drop(context.Context, string) error { return nil }

// engine provides the data of one database engine.
type engine interface {
	// Load makes stores of n customers each.
	Load(ctx context.Context, stores int, n int64, progress io.Writer) (data, error)
	// CPU tells what processor time the database has taken, if it is a process of
	// its own.
	CPU() time.Duration
	Close() error
}

// loadedBy changes whenever what load makes does, so that old data is not
// taken for new.
const loadedBy = "5"

// liteEngine keeps a folder for each size.
type liteEngine struct{ dir string }

func (*liteEngine) Close() error { return nil }

// CPU is nothing: SQLite works in the server's process.
func (*liteEngine) CPU() time.Duration { return 0 }

func (e *liteEngine) Load(ctx context.Context, stores int, n int64, progress io.Writer) (data, error) {
	return e.load(ctx, stores, n, progress)
}

// sizeName names stores of n customers each.
func sizeName(stores int, n int64) string {
	if stores == 1 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%dx%d", stores, n)
}

// sizeText says the same to people.
func sizeText(stores int, n int64) string {
	if stores == 1 {
		return quantity(n, "customers")
	}
	return fmt.Sprintf("%s of %s", quantity(int64(stores), "stores"), quantity(n, "customers"))
}

func (e *liteEngine) load(ctx context.Context, stores int, n int64, progress io.Writer) (*liteData, error) {
	dir := filepath.Join(e.dir, "sqlite-"+sizeName(stores, n))
	d := &liteData{dir: dir}
	steps, err := sqldb.Migrations(sqldb.SQLite)
	if err != nil {
		return nil, err
	}
	stamp := loadedBy
	for _, m := range steps {
		stamp += " " + m.Checksum
	}
	if have, err := os.ReadFile(d.mark()); err == nil && string(have) == stamp {
		fmt.Fprintf(progress, "sqlite: %s are loaded already\n", sizeText(stores, n))
		return d, nil
	}
	fmt.Fprintf(progress, "sqlite: loading %s\n", sizeText(stores, n))
	if err := d.remove("master"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// Closing the last connection leaves the file complete, without a log.
	if d.tenths, err = load(ctx, "sqlite:"+d.file("master"), stores, n, progress); err != nil {
		return nil, err
	}
	return d, os.WriteFile(d.mark(), []byte(stamp), 0o600)
}

type liteData struct {
	dir    string
	tenths []float64 // customers a second while loading, if that was now
}

// Loaded implements data.
func (d *liteData) Loaded() []float64 { return d.tenths }

func (d *liteData) file(name string) string { return filepath.Join(d.dir, name+".db") }

func (d *liteData) remove(name string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.file(name) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (d *liteData) Copy(_ context.Context, name string) (_ string, err error) {
	if err := d.remove(name); err != nil {
		return "", err
	}
	from, err := os.Open(d.file("master"))
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.OpenFile(d.file(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	// Synced now, it is not written back while something is measured.
	if err := errors.Join(err, to.Sync(), to.Close()); err != nil {
		return "", err
	}
	return "sqlite:" + d.file(name), nil
}

func (d *liteData) Drop(_ context.Context, name string) error { return d.remove(name) }

func (d *liteData) Take() (string, error) {
	err := os.Remove(d.mark())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return "sqlite:" + d.file("master"), err
}

// mark is a file that tells that the data is as it was loaded.
func (d *liteData) mark() string { return filepath.Join(d.dir, "loaded") }

// pgEngine is a throwaway cluster with a database for each size and copy. Its
// rows come from SQLite's, which is quicker than making them anew.
type pgEngine struct {
	lite    *liteEngine
	cluster *pgcluster.Cluster
}

func startPG(ctx context.Context, dir string) (*pgEngine, error) {
	c, err := pgcluster.Start(ctx, pgcluster.Options{Dir: dir, Durable: true, Settings: map[string]string{
		"shared_buffers": "256MB",
		"max_wal_size":   "4GB", // no checkpoint in the middle of a run
	}})
	if err != nil {
		return nil, err
	}
	return &pgEngine{&liteEngine{dir}, c}, nil
}

func (e *pgEngine) CPU() time.Duration { return e.cluster.CPU() }

func (e *pgEngine) Close() error { return e.cluster.Stop() }

func (e *pgEngine) exec(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, e.cluster.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func (e *pgEngine) Load(ctx context.Context, stores int, n int64, progress io.Writer) (data, error) {
	from, err := e.lite.load(ctx, stores, n, progress)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "postgres: copying %s\n", sizeText(stores, n))
	d := &pgData{engine: e, master: "bench" + sizeName(stores, n)}
	if err := e.exec(ctx, "CREATE DATABASE "+d.master); err != nil {
		return nil, err
	}
	d.tenths, err = transfer(ctx, from.file("master"), e.cluster.DSN(d.master), int64(stores)*n, progress)
	return d, err
}

type pgData struct {
	engine *pgEngine
	master string
	tenths []float64
}

// Loaded implements data.
func (d *pgData) Loaded() []float64 { return d.tenths }

func (d *pgData) Copy(ctx context.Context, name string) (string, error) {
	name = d.master + "_" + name
	err := d.engine.exec(ctx,
		"DROP DATABASE IF EXISTS "+name+" WITH (FORCE)",
		"CREATE DATABASE "+name+" TEMPLATE "+d.master+" STRATEGY file_copy",
		"CHECKPOINT")
	return d.engine.cluster.DSN(name), err
}

func (d *pgData) Drop(ctx context.Context, name string) error {
	return d.engine.exec(ctx, "DROP DATABASE IF EXISTS "+d.master+"_"+strings.ToLower(name)+" WITH (FORCE)")
}

func (d *pgData) Take() (string, error) { return d.engine.cluster.DSN(d.master), nil }
