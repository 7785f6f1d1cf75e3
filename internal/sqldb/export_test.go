package sqldb

import "strings"

// DynamicTexts returns the texts, with $N placeholders, of the statements made
// at run time that the connections of a SQLite database keep. The caller makes
// sure that nothing runs.
func (db *DB) DynamicTexts() []string {
	var out []string
	for _, c := range db.lite.all {
		for _, text := range c.order {
			out = append(out, strings.ReplaceAll(text, "?", "$"))
		}
	}
	return out
}

// Raw returns a global statement that is not declared.
func Raw(sql string) *Stmt { return &Stmt{sql: sql, lite: numbered(sql), global: true, kind: dynamic} }

// Numbered is numbered.
var Numbered = numbered

// ErrEdited is errEdited.
var ErrEdited = errEdited
