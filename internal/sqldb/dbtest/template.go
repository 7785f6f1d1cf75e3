package dbtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
)

// Templates names, in the environment, a directory in which the test processes of
// one run share the migrated SQLite database. Without it each makes its own.
const Templates = "CLIENTELE_TEST_TEMPLATES"

// sqliteTemplate returns the bytes of a migrated SQLite database.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	sum, err := fingerprint(sqldb.SQLite)
	if err != nil {
		return nil, err
	}
	shared := os.Getenv(Templates)
	name := filepath.Join(shared, "clientele-"+sum+".db")
	if shared != "" {
		if text, err := os.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	dir, err := os.MkdirTemp(shared, "clientele-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "clientele.db")
	if err := migrate("sqlite:" + file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil || shared == "" {
		return text, err
	}
	return text, os.Rename(file, name) // whole, whoever else does the same
})

// fingerprint says which migrations a database has.
func fingerprint(e sqldb.Engine) (string, error) {
	steps, err := sqldb.Migrations(e)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, m := range steps {
		fmt.Fprintf(sum, "%d %s %s\n", m.Version, m.Name, m.Checksum)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// postgresTemplate returns the name of a migrated database, which the test
// processes of one server share. Its name says which migrations it has.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	server, err := serverDSN()
	if err != nil {
		return "", err
	}
	sum, err := fingerprint(sqldb.Postgres)
	if err != nil {
		return "", err
	}
	name := "clientele_template_" + sum
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	exists := func() (found bool, err error) {
		err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&found)
		return found, err
	}
	if found, err := exists(); found || err != nil {
		return name, err
	}
	draft := fmt.Sprintf("%s_%d", name, os.Getpid())
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+draft); err != nil {
		return "", err
	}
	dsn, err := database(server, draft)
	if err != nil {
		return "", err
	}
	if err := migrate(dsn); err != nil {
		return "", err
	}
	// Of several processes one gets the name, and the others use its database.
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+draft+" RENAME TO "+name); err != nil {
		if _, err := conn.Exec(ctx, "DROP DATABASE "+draft+" WITH (FORCE)"); err != nil {
			return "", err
		}
		if found, lookErr := exists(); !found {
			return "", cmp.Or(lookErr, err)
		}
	}
	return name, nil
})

// migrate brings a database up to date and closes it.
func migrate(dsn string) error {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx, Now)
	return err
}
