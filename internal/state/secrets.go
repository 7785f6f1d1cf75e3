package state

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"clientele/internal/sqldb"
)

// sealed are the secrets of a table, which are encrypted for the store and row
// that they are stored in.
type sealed struct {
	sqldb.Secrets
	value int    // the column
	row   int    // the column that names the row, -1: name does
	name  string // of the only row
}

var valuesForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^SELECT ('[^']*'|\w+), (\w+) FROM (\w+)`) })

// sealedIn finds the columns of secrets, by the statements that select them.
func (p *plan) sealedIn(all []sqldb.Secrets) (map[*table][]sealed, error) {
	out := map[*table][]sealed{}
	for _, s := range all {
		m := valuesForm().FindStringSubmatch(s.Values.SQL())
		if m == nil || p.named[m[3]] == nil {
			return nil, fmt.Errorf("state: the secrets of %s.%s cannot be found", s.Table, s.Name)
		}
		t := p.named[m[3]]
		c := sealed{Secrets: s, value: t.column(m[2]), row: t.column(m[1])}
		if c.row < 0 {
			c.name = strings.Trim(m[1], "'")
		}
		if c.value < 0 || c.row < 0 && c.name == m[1] {
			return nil, fmt.Errorf("state: the secrets of %s.%s cannot be found", s.Table, s.Name)
		}
		out[t] = append(out[t], c)
	}
	return out, nil
}

// rowName returns by what a row goes.
func (c *sealed) rowName(t *table, fields [][]byte) string {
	switch {
	case c.row < 0:
		return c.name
	case t.columns[c.row].Type == "int":
		return strconv.FormatInt(number(fields[c.row]), 10)
	}
	return string(text(fields[c.row]))
}

// reseal changes what is stored of secrets in a row. Nothing is encrypted of an
// empty one.
func (c *sealed) reseal(t *table, fields [][]byte, change func(row, stored string) (string, error)) error {
	row, stored := c.rowName(t, fields), string(text(fields[c.value]))
	one := func(stored string) (string, error) {
		if stored == "" {
			return "", nil
		}
		return change(row, stored)
	}
	var after string
	var err error
	if c.Within != nil {
		after, err = c.Within(stored, one)
	} else {
		after, err = one(stored)
	}
	if err == nil && after != stored {
		fields[c.value] = textField(after)
	}
	return err
}

// resealed returns a holding whose secrets are changed.
func (s *Service) resealed(h holding, change func(c sqldb.Column, row, stored string) (string, error)) (holding, error) {
	for t, columns := range s.sealed {
		have := h.of(t)
		if have.len() == 0 {
			continue
		}
		r, err := t.change(have, func(fields [][]byte) (bool, error) {
			for i := range columns {
				if err := columns[i].reseal(t, fields, func(row, stored string) (string, error) { return change(columns[i].Column, row, stored) }); err != nil {
					return false, err
				}
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
		h = h.with(t, r)
	}
	return h, nil
}

// moved returns what a store holds, with secrets that open in another store. tx
// is a write.
func (s *Service) moved(tx *sqldb.Tx, h holding, from, to int64) (holding, error) {
	in, out := tx.In(from), tx.In(to)
	uses := int64(0)
	h, err := s.resealed(h, func(c sqldb.Column, row, stored string) (string, error) {
		plain, err := in.Unseal(c, row, stored)
		if err != nil {
			return "", err
		}
		uses++
		return out.Seal(c, row, plain)
	})
	if err != nil {
		return nil, err
	}
	return s.keysInUse(h, uses), nil
}

// keysInUse returns a holding that tells under which key its secrets are.
func (s *Service) keysInUse(h holding, uses int64) holding {
	t := s.plan.named["secret_keys"]
	r := &rows{}
	if ids := s.DB.SecretKeys(); len(ids) > 0 && uses > 0 {
		var row []byte
		for _, c := range t.columns {
			switch c.Name {
			case "key_id":
				row = appendText(row, ids[0])
			case "uses":
				row = append(row, numberField(uses)...)
			default:
				row = append(row, numberField(s.System.Now())...)
			}
		}
		r.add(row)
	}
	return h.with(t, r)
}

// plain returns a holding whose secrets are not encrypted, for another server.
func (s *Service) plain(tx *sqldb.Tx, h holding, of int64) (holding, error) {
	in := tx.In(of)
	h, err := s.resealed(h, in.Unseal)
	if err != nil {
		return nil, err
	}
	return h.with(s.plan.named["secret_keys"], noRows), nil
}
