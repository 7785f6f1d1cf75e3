package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// ChangeSettings changes some of a store's settings, which are named as in
// seed files; nil takes one back to its default. It returns all of them with
// their defaults.
func (s *Service) ChangeSettings(ctx context.Context, id int64, change map[string]any) (*Settings, error) {
	return s.rewrite(ctx, id, changed(change))
}

// ChangeSettingsTx is ChangeSettings inside a transaction of the store.
func (s *Service) ChangeSettingsTx(tx *sqldb.Tx, change map[string]any) error {
	return s.rewriteTx(tx, changed(change))
}

// changed returns what makes new settings of those that are stored.
func changed(change map[string]any) func(*sqldb.Tx, *Settings) (*Settings, error) {
	return func(tx *sqldb.Tx, have *Settings) (*Settings, error) {
		stored, err := have.tree()
		if err != nil {
			return nil, fmt.Errorf("settings of store %d: %w", tx.Store(), err)
		}
		merge(stored, change)
		return decodeSettings(stored)
	}
}

// rewrite puts in place of what a store says, without defaults, what change
// makes of it, and tells what becomes different.
func (s *Service) rewrite(ctx context.Context, id int64, change func(*sqldb.Tx, *Settings) (*Settings, error)) (out *Settings, err error) {
	err = s.db.Write(ctx, id, func(tx *sqldb.Tx) error {
		if err := s.rewriteTx(tx, change); err != nil {
			return err
		}
		out, err = ReadSettings(tx)
		return err
	})
	return out, err
}

func (s *Service) rewriteTx(tx *sqldb.Tx, change func(*sqldb.Tx, *Settings) (*Settings, error)) error {
	// What is read must not change before it is written.
	if err := sqldb.LockProgram(tx); err != nil {
		return err
	}
	told, err := Look(tx)
	if err != nil {
		return err
	}
	have, err := storedSettings(tx)
	if err != nil {
		return err
	}
	settings, err := change(tx, have)
	if err != nil {
		return err
	}
	if err := PutSettings(tx, *settings); err != nil {
		return err
	}
	return told.Tell(tx, s.sys.Now())
}

// tree returns what settings say, by names.
func (s *Settings) tree() (map[string]any, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return out, dec.Decode(&out)
}

// merge puts the members of change into those of to, at every depth.
func merge(to, change map[string]any) {
	for key, value := range change {
		have, isMap := to[key].(map[string]any)
		with, both := value.(map[string]any)
		switch {
		case value == nil:
			delete(to, key)
		case isMap && both:
			merge(have, with)
		case both:
			have = map[string]any{}
			merge(have, with)
			to[key] = have
		default:
			to[key] = value
		}
	}
}

// decodeSettings reads settings strictly, in words for a person.
func decodeSettings(tree map[string]any) (*Settings, error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fault.New(fault.Invalid, "settings have names and values only")
	}
	if name := unknownSetting(tree); name != "" {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("there is no setting %q", name))
	}
	out := &Settings{}
	err = json.Unmarshal(text, out)
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("%s: a %s is not what this setting takes", typ.Field, typ.Value))
	}
	return out, err
}

// unknownSetting returns the first name that is no setting's, or "". What the
// program knows survives being read and written.
func unknownSetting(tree map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		value := tree[name]
		one, err := json.Marshal(map[string]any{name: value})
		if err != nil {
			return name
		}
		dec := json.NewDecoder(bytes.NewReader(one))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&Settings{}); err != nil {
			if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
				return strings.Trim(unknown, `"`)
			}
		}
	}
	return ""
}
