package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Values are a store's settings by their dotted names, as JSON has them. A secret
// is true where it is set.
type Values struct {
	Said     map[string]any // what the store says
	Holds    map[string]any // with defaults
	Defaults map[string]any
}

// Values returns a store's settings by name.
func (s *Service) Values(ctx context.Context, id int64) (out Values, err error) {
	err = s.db.Read(ctx, id, func(tx *sqldb.Tx) error {
		said, all, err := readStore(tx)
		if err != nil {
			return err
		}
		defaults := Settings{}
		defaults.fill("")
		for to, from := range map[*map[string]any]*Settings{&out.Said: &said, &out.Holds: all, &out.Defaults: &defaults} {
			if *to, err = from.named(); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// named returns settings by their dotted names, without secrets.
func (s *Settings) named() (map[string]any, error) {
	tree, err := s.tree()
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	flatten(out, "", tree)
	return out, nil
}

func flatten(to map[string]any, prefix string, tree map[string]any) {
	for name, v := range tree {
		if below, is := v.(map[string]any); is {
			flatten(to, prefix+name+".", below)
			continue
		}
		if IsSecret(prefix + name) {
			v = true
		}
		to[prefix+name] = v
	}
}

// Version changes with what some settings are.
func (v *Values) Version(names []string) string {
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%q=%v\n", name, v.Said[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// ErrStale: somebody else has changed the settings meanwhile.
var ErrStale = fault.New(fault.Conflict, "the settings were changed meanwhile")

// ChangeSettingsAt is ChangeSettings as long as the settings with some names are at
// a version; else it is ErrStale.
func (s *Service) ChangeSettingsAt(ctx context.Context, id int64, names []string, version string, change map[string]any) (*Settings, error) {
	apply := changed(change)
	return s.rewrite(ctx, id, func(tx *sqldb.Tx, have *Settings) (*Settings, error) {
		said, err := have.named()
		if err != nil {
			return nil, err
		}
		if now := (&Values{Said: said}); now.Version(names) != version {
			return nil, ErrStale
		}
		return apply(tx, have)
	})
}

// Statuses are what a store can be, each by its first name.
func Statuses() []string {
	var out []string
	seen := map[Standing]bool{}
	for _, st := range statuses {
		if !seen[st.standing] {
			seen[st.standing] = true
			out = append(out, st.name)
		}
	}
	return out
}

// Units that stores measure by.
func Units() (weight, dimension []string) { return weightUnits, dimensionUnits }

// SettingNames returns the dotted names of all settings.
func SettingNames() []string { return settingNames("", reflect.TypeFor[Settings]()) }

func settingNames(prefix string, t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		switch of := t.Field(i).Type; {
		case name == "-" || name == "":
		case of.Kind() == reflect.Struct:
			out = append(out, settingNames(prefix+name+".", of)...)
		default:
			out = append(out, prefix+name)
		}
	}
	return out
}
