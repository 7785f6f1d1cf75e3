package sqldb

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/system"
)

// dumpPG writes a PostgreSQL database to a file in pg_dump's custom format, in
// one snapshot, and reads the file to its end.
func dumpPG(ctx context.Context, dsn, to string) (b Backup, err error) {
	p, err := openPG(ctx, dsn, bare())
	if err != nil {
		return b, err
	}
	have, stores, err := p.content(ctx)
	p.close()
	if err != nil {
		return b, err
	}
	if err := restorable(Postgres, have); err != nil {
		return b, err
	}
	if _, err := tool(ctx, dsn, "pg_dump", "--format=custom", "--file="+to); err != nil {
		return b, err
	}
	if _, err := checkDump(ctx, dsn, to); err != nil {
		return b, err
	}
	return Backup{Stores: stores}, nil
}

func bare() Options { return Options{Readers: 1, System: system.Real()} }

// content returns the migrations and the number of stores of a database, which
// may have neither.
func (p *pg) content(ctx context.Context) (have []Migration, stores int64, err error) {
	ours := false
	if err := p.pool.QueryRow(ctx, `SELECT to_regclass('schema_migrations') IS NOT NULL AND to_regclass('stores') IS NOT NULL`).Scan(&ours); err != nil || !ours {
		return nil, 0, err
	}
	rows, err := p.pool.Query(ctx, selectVersions().sql)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var m Migration
		if err := rows.Scan(&m.Version, &m.Checksum); err != nil {
			return nil, 0, err
		}
		have = append(have, m)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	return have, stores, p.pool.QueryRow(ctx, `SELECT COUNT(*) FROM stores`).Scan(&stores)
}

// checkDump reads all of a dump, holds its migrations to those of this program
// and returns the names of its tables.
func checkDump(ctx context.Context, dsn, file string) (tables []string, err error) {
	list, err := tool(ctx, dsn, "pg_restore", "--list", file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	for line := range strings.Lines(string(list)) {
		// "215; 1259 16385 TABLE public customers postgres"
		if f := strings.Fields(line); len(f) >= 6 && f[3] == "TABLE" && f[4] != "DATA" {
			tables = append(tables, f[5])
		}
	}
	if !slices.Contains(tables, "schema_migrations") {
		return nil, errors.New("no database of Clientele: it has no schema")
	}
	rows, err := tool(ctx, dsn, "pg_restore", "--data-only", "--table=schema_migrations", "--file=-", file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	have, err := dumpedMigrations(rows)
	if err != nil {
		return nil, err
	}
	if err := restorable(Postgres, have); err != nil {
		return nil, err
	}
	if _, err := tool(ctx, dsn, "pg_restore", "--file="+os.DevNull, file); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return tables, nil
}

// dumpedMigrations reads the rows of schema_migrations from a script of
// pg_restore.
func dumpedMigrations(script []byte) (have []Migration, err error) {
	var columns []string
	lines := bufio.NewScanner(bytes.NewReader(script))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "COPY "):
			_, rest, _ := strings.Cut(line, "(")
			list, _, _ := strings.Cut(rest, ")")
			columns = strings.Split(list, ", ")
		case line == `\.`:
			columns = nil
		case columns != nil:
			values := strings.Split(line, "\t")
			version, checksum := slices.Index(columns, "version"), slices.Index(columns, "checksum")
			if version < 0 || checksum < 0 || len(values) != len(columns) {
				return nil, errDamaged
			}
			n, err := strconv.ParseInt(values[version], 10, 64)
			if err != nil {
				return nil, errDamaged
			}
			have = append(have, Migration{Version: n, Checksum: values[checksum]})
		}
	}
	slices.SortFunc(have, func(a, b Migration) int { return int(a.Version - b.Version) })
	return have, lines.Err()
}

// restorePG loads a dump in one transaction.
func restorePG(ctx context.Context, file, dsn string, overwrite bool) (b Backup, err error) {
	dumped, err := checkDump(ctx, dsn, file)
	if err != nil {
		return b, err
	}
	if err := replaceablePG(ctx, dsn, dumped, overwrite); err != nil {
		return b, err
	}
	cfg, err := parsePG(dsn)
	if err != nil {
		return b, err
	}
	// The name of the database alone: the rest is in the environment.
	name := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(cfg.ConnConfig.Database)
	if _, err := tool(ctx, dsn, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--clean", "--if-exists", "--dbname=dbname='"+name+"'", file); err != nil {
		return b, err
	}
	p, err := openPG(ctx, dsn, bare())
	if err != nil {
		return b, err
	}
	defer p.close()
	// The planner knows nothing of new tables.
	if _, err := p.pool.Exec(ctx, "ANALYZE"); err != nil {
		return b, err
	}
	_, b.Stores, err = p.content(ctx)
	return b, err
}

// replaceablePG reports why a database must not be replaced by these tables.
func replaceablePG(ctx context.Context, dsn string, dumped []string, overwrite bool) error {
	p, err := openPG(ctx, dsn, bare())
	if err != nil {
		return err
	}
	defer p.close()
	_, stores, err := p.content(ctx)
	if err != nil {
		return err
	}
	if err := replacing(stores, overwrite); err != nil {
		return err
	}
	var tables []string
	if err := p.pool.QueryRow(ctx, `SELECT COALESCE(array_agg(tablename::text ORDER BY tablename), '{}') FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables); err != nil {
		return err
	}
	if len(tables) == 0 {
		return nil
	}
	for _, t := range tables {
		if !slices.Contains(dumped, t) {
			return fmt.Errorf("the database has the table %q, which the backup does not have: restore into a new database", t)
		}
	}
	// The session of a client that has gone takes a moment to end.
	for again := 10; ; again-- {
		others := 0
		if err := p.pool.QueryRow(ctx, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others); err != nil || others == 0 {
			return err
		}
		if again == 0 {
			return fmt.Errorf("%w (%d sessions)", ErrInUse, others)
		}
		if err := system.Pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// tool runs one of PostgreSQL's client programs. It learns where the database
// is from its environment, where other users of the machine do not see it.
func tool(ctx context.Context, dsn, name string, args ...string) ([]byte, error) {
	path, err := findTool(name)
	if err != nil {
		return nil, err
	}
	env, err := toolEnv(dsn)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-password"}, args...)...)
	var out, said bytes.Buffer
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.Join(strings.Fields(said.String()), " "))
	}
	return out.Bytes(), nil
}

// findTool looks in PATH and then among Debian's versions, the newest first.
func findTool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	newest, found := -1, ""
	for _, dir := range dirs {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err != nil || n <= newest {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			newest, found = n, path
		}
	}
	if found == "" {
		return "", fmt.Errorf("%s was not found in PATH or /usr/lib/postgresql/*/bin: install PostgreSQL's client programs, of the server's version or newer (Debian and Ubuntu: apt-get install postgresql-client; macOS: brew install libpq)", name)
	}
	return found, nil
}

// parameters are those of a URL that libpq reads from its environment too.
var parameters = map[string]string{
	"sslmode": "PGSSLMODE", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL", "sslsni": "PGSSLSNI",
	"ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION", "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION", "sslnegotiation": "PGSSLNEGOTIATION",
	"target_session_attrs": "PGTARGETSESSIONATTRS", "passfile": "PGPASSFILE", "servicefile": "PGSERVICEFILE", "service": "PGSERVICE",
	"connect_timeout": "PGCONNECT_TIMEOUT", "application_name": "PGAPPNAME", "options": "PGOPTIONS", "channel_binding": "PGCHANNELBINDING",
	"krbsrvname": "PGKRBSRVNAME", "gssencmode": "PGGSSENCMODE", "require_auth": "PGREQUIREAUTH",
}

// toolEnv says in libpq's environment what a URL says. What only the driver
// knows, such as the size of the pool, is left out.
func toolEnv(dsn string) ([]string, error) {
	cfg, err := parsePG(dsn)
	if err != nil {
		return nil, err
	}
	c := &cfg.ConnConfig.Config
	var hosts, ports []string
	add := func(host string, port uint16) {
		at := strconv.Itoa(int(port))
		if n := len(hosts); n > 0 && hosts[n-1] == host && ports[n-1] == at {
			return // the same one with and without TLS
		}
		hosts, ports = append(hosts, host), append(ports, at)
	}
	add(c.Host, c.Port)
	for _, f := range c.Fallbacks {
		add(f.Host, f.Port)
	}
	env := []string{"PGHOST=" + strings.Join(hosts, ","), "PGPORT=" + strings.Join(ports, ","), "PGUSER=" + c.User, "PGDATABASE=" + c.Database}
	if c.Password != "" {
		env = append(env, "PGPASSWORD="+c.Password)
	}
	_, query, _ := strings.Cut(dsn, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL cannot be parsed")
	}
	for name, variable := range parameters {
		if v := values.Get(name); v != "" {
			env = append(env, variable+"="+v)
		}
	}
	return env, nil
}
