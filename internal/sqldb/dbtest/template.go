package dbtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
)

// sqliteTemplate returns the bytes of a migrated SQLite database.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "clientele-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "clientele.db")
	if err := migrate("sqlite:" + file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// postgresTemplate returns the name of a migrated database, which the test
// processes of one server share. Its name says which migrations it has.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	server, err := serverDSN()
	if err != nil {
		return "", err
	}
	steps, err := sqldb.Migrations(sqldb.Postgres)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, m := range steps {
		fmt.Fprintf(sum, "%d %s %s\n", m.Version, m.Name, m.Checksum)
	}
	name := "clientele_template_" + hex.EncodeToString(sum.Sum(nil))[:16]
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
