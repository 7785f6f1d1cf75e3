package sqldb

import "path/filepath"

// Beside returns the path of a file or directory beside that of an SQLite database,
// empty for a database that is no file.
func (db *DB) Beside(name string) string {
	if db.lite == nil {
		return ""
	}
	return filepath.Join(filepath.Dir(db.lite.path), name)
}
